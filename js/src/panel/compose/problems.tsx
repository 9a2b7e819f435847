// Why something can't be sent as it is, beside the field that it is about.

import { StateIcon } from "../../core/ui/state-icon";
import type { Problem } from "../../protocol.gen";

export function Problems({ problems, id }: { problems: readonly Problem[]; id?: string }) {
  return (
    <div class="veo-problems" {...(id !== undefined && { id })}>
      {problems.map(({ message, hint }) => (
        <p key={message}>
          <StateIcon state="failed" />
          <span>
            {message} <span class="veo-soft">{hint}</span>
          </span>
        </p>
      ))}
    </div>
  );
}
