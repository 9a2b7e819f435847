// Who votes: asked before the first pair.

import { useState } from "preact/hooks";
import { useId } from "../core/ui/id";
import { LONGEST, nameOf } from "./voter";

interface NameFormProps {
  name: string;
  onName: (name: string) => void;
  onBack: (() => void) | undefined;
}

export function NameForm({ name, onName, onBack }: NameFormProps) {
  const [typed, setTyped] = useState(name);
  const [missing, setMissing] = useState(false);
  const id = useId();
  const submit = (event: Event) => {
    event.preventDefault();
    const found = nameOf(typed);
    if (found === "") setMissing(true);
    else onName(found);
  };
  return (
    // In a notebook Enter sends no form by itself.
    <form
      class="veo-compare-name"
      onSubmit={submit}
      onKeyDown={(event) =>
        event.key === "Enter" &&
        !event.isComposing &&
        (event.target as Element).matches("input") &&
        submit(event)
      }
    >
      <label>
        Your name{" "}
        <input
          type="text"
          value={typed}
          maxLength={LONGEST}
          autocomplete="name"
          aria-describedby={id}
          aria-invalid={missing}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="veo-button">
        Start
      </button>
      {onBack !== undefined && (
        <button type="button" class="veo-button" onClick={onBack}>
          Back
        </button>
      )}
      <p id={id} class="veo-compare-why" role={missing ? "alert" : undefined}>
        {missing
          ? "Type a name first: any that tells you from the others."
          : "Your votes are kept under it. Several people can vote, each for themselves."}
      </p>
    </form>
  );
}
