// Words to the person over the panel's lower edge.

import { useRef } from "preact/hooks";
import { CommandButton } from "../core/ui/command-button";
import type { Notices } from "../core/ui/notices";

export function NoticePlace({ notice, clear }: Pick<Notices, "notice" | "clear">) {
  const from = useRef<HTMLElement | null>(null);
  return (
    <div
      class="veo-notice-place"
      onFocusIn={(event) => {
        from.current = event.relatedTarget as HTMLElement | null;
      }}
    >
      {notice !== undefined && notice.text !== "" && (
        <div class="veo-notice">
          <span>{notice.text}</span>
          {notice.action !== undefined && (
            <CommandButton
              label={notice.label ?? ""}
              asked=""
              run={() => {
                notice.action?.();
                clear();
              }}
              onGone={(button) => {
                const panel = button.closest(".veo-panel");
                const to = from.current?.isConnected ? from.current : panel?.querySelector("textarea");
                to?.focus({ preventScroll: true });
              }}
            />
          )}
        </div>
      )}
    </div>
  );
}
