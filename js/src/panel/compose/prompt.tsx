// The prompt, with its variables marked, and the values of each.

import { useRef, useState } from "preact/hooks";
import { announce } from "../../core/announce";
import { Icon } from "../../core/ui/icons";
import { useId } from "../../core/ui/id";
import type { Problem } from "../../protocol.gen";
import { piecesOf, splitValues, without, withValues } from "./draft";
import { Problems } from "./problems";

interface PromptProps {
  prompt: string;
  problems: readonly Problem[];
  onChange: (prompt: string) => void;
  /** Pictures that were pasted into it. */
  onFiles: (files: File[]) => void;
  onFocus: () => void;
}

/** A text that grows. Behind it stands the same text unseen, which gives it its height and marks the variables. */
export function PromptText({ prompt, problems, onChange, onFiles, onFocus }: PromptProps) {
  const id = useId();
  return (
    <div>
      <div class="veo-prompt-scroll">
        <div class="veo-prompt-stack">
          <div class="veo-prompt-behind" dir="auto" aria-hidden="true">
            {piecesOf(prompt).map(({ text, variable }, at) =>
              variable ? <mark key={at}>{text}</mark> : <span key={at}>{text}</span>,
            )}
            {/* A last line that is empty has a height too. */}
            {"\u200b"}
          </div>
          <textarea
            value={prompt}
            dir="auto"
            rows={1}
            maxLength={20_000}
            aria-label="Prompt"
            aria-describedby={id}
            placeholder="What to show and to hear. {{animal}} stands for a value that you vary."
            onInput={(event) => onChange(event.currentTarget.value)}
            onFocus={onFocus}
            onPaste={(event) => {
              const files = [...(event.clipboardData?.files ?? [])];
              if (files.length === 0) return;
              event.preventDefault();
              onFiles(files);
            }}
          />
        </div>
      </div>
      <Problems id={id} problems={problems} />
    </div>
  );
}

interface ValuesProps {
  name: string;
  values: readonly string[];
  problems: readonly Problem[];
  onChange: (values: string[]) => void;
}

/** The values of one variable, each of which can be taken away, and a place to write more. */
export function Values({ name, values, problems, onChange }: ValuesProps) {
  const [text, setText] = useState("");
  const input = useRef<HTMLInputElement>(null);
  const add = (written: string) => {
    setText("");
    const more = splitValues(written);
    if (more.length === 0) return;
    onChange(withValues(values, more));
    announce(`${name}: ${more.join(", ")} added`);
  };
  const remove = (value: string) => {
    onChange(without(values, value));
    announce(`${name}: ${value} removed`);
    input.current?.focus();
  };
  return (
    <div class="veo-values" role="group" aria-label={`Values of ${name}`}>
      <span class="veo-values-name">{name}</span>
      {values.map((value) => (
        <span key={value} class="veo-chip">
          <bdi>{value}</bdi>
          <button
            type="button"
            class="veo-quiet"
            aria-label={`Remove ${value}`}
            title="Remove"
            onClick={() => remove(value)}
          >
            <Icon name="close" />
          </button>
        </span>
      ))}
      <input
        ref={input}
        type="text"
        dir="auto"
        value={text}
        aria-label={`Add values of ${name}`}
        title="Enter adds it. Commas or lines make several; || goes between values that hold commas"
        placeholder={values.length === 0 ? "one, two, three" : "add"}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.isComposing) return;
          if (event.key === "Enter") add(text);
          const last = values.at(-1);
          if (event.key === "Backspace" && text === "" && last !== undefined) remove(last);
        }}
        onBlur={() => add(text)}
        onPaste={(event) => {
          const pasted = event.clipboardData?.getData("text/plain") ?? "";
          if (splitValues(pasted).length < 2) return;
          event.preventDefault();
          add(`${text}${pasted}`);
        }}
      />
      <Problems problems={problems} />
    </div>
  );
}
