// What is asked for: the prompt and its variables, the pictures, the settings, and what all that costs.

import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import "./prompt.css";
import "./fields/settings.css";
import "./pictures/pictures.css";
import "./compose.css";
import { Dialog } from "../../core/ui/dialog";
import { useKeptFocus } from "../../core/ui/focus";
import { IconButton } from "../../core/ui/icons";
import type { Draft, Problem, Setup } from "../../protocol.gen";
import type { Library } from "../context";
import { usePanel } from "../context";
import { useCheck } from "./check";
import { EMPTY, isEmpty, PICTURES, variablesOf, withPrompt, withVariable } from "./draft";
import { Choices, More } from "./fields/fields";
import { Foot } from "./foot";
import { useDrop } from "./pictures/drop";
import { useImages } from "./pictures/images";
import { Pictures } from "./pictures/pictures";
import { PromptText, Values } from "./prompt";
import { useSend } from "./send";
import { putIn, Tips } from "./tips";

interface ComposeProps {
  setup: Setup;
  draft: Draft;
  /** Whether something is on its way: a narrow panel folds this part then. */
  running: boolean;
  library: Library;
}

export function Compose({ setup, draft, running, library }: ComposeProps) {
  const { compose, offer, say } = usePanel();
  const root = useRef<HTMLElement>(null);
  const { folded, unfold, fold } = useFold(running, root);
  // A prompt that nobody has begun yet is no mistake.
  const [tried, setTried] = useState(false);
  useKeptFocus(root, (compose) => compose.querySelector("textarea"));
  const checked = useCheck(draft, [setup, library.version]);
  const images = useImages(draft, setup);
  const sent = useSend(useCallback(() => setTried(false), []));
  const { check, fresh } = checked;

  const names = variablesOf(draft.prompt);
  const shownBeside = new Set([
    ...["prompt", "take", "video", "edit", "fit", ...PICTURES, ...names],
    ...setup.fields.map((form) => form.name),
  ]);
  const problems = (check?.problems ?? []).filter(
    ({ field }) => field !== "prompt" || tried || draft.prompt.trim() !== "",
  );
  const problemsOf = (...fields: string[]) => problems.filter(({ field }) => fields.includes(field));
  const parts = { draft, check, problemsOf };
  const settings = { ...parts, fields: setup.fields, change: compose };

  const generate = () => {
    const problem: Problem | undefined = fresh ? check?.problems[0] : undefined;
    if (problem === undefined) return sent.send(draft, false);
    setTried(true);
    return say(`${problem.message} ${problem.hint}`.trim(), true);
  };
  // After the drawing that follows: a value that was only just written is in the draft then.
  const [requested, setRequested] = useState(0);
  useEffect(() => {
    if (requested > 0) generate();
  }, [requested]);

  const [over, drop] = useDrop({
    files: (files) => images.files("image", files),
    clip: (clip) => images.frame("image", clip),
  });

  return (
    <section
      ref={root}
      class="veo-compose"
      role="group"
      aria-label="Compose"
      data-folded={folded}
      data-over={over}
      {...drop}
      onKeyDown={(event) => {
        if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
        event.preventDefault();
        if (!event.repeat && sent.question === "") setRequested((now) => now + 1);
      }}
    >
      <header class="veo-compose-head">
        <h2>Compose</h2>
        {setup.title !== setup.tag && <span class="veo-soft">{setup.title}</span>}
        {setup.tag !== "" && <span class="veo-tag">{setup.tag}</span>}
        <span class="veo-head-end">
          {!isEmpty(draft) && (
            <button
              type="button"
              class="veo-quiet"
              onClick={() => {
                compose(() => EMPTY, true);
                offer("Cleared.", "Undo", () => compose(() => draft));
              }}
            >
              Clear
            </button>
          )}
          {running && (
            <span class="veo-fold">
              <IconButton
                name="down"
                label={folded ? "Show all of Compose" : "Fold Compose"}
                onClick={folded ? unfold : fold}
              />
            </span>
          )}
        </span>
      </header>
      <PromptText
        prompt={draft.prompt}
        problems={problemsOf("prompt")}
        onChange={(prompt) => compose((now) => withPrompt(now, prompt))}
        onFiles={(files) => images.files("image", files)}
        onFocus={unfold}
      />
      <div class="veo-compose-rest">
        <Tips
          setup={setup}
          check={check}
          put={(tip, text, values) => {
            compose((now) => {
              const next = withPrompt(now, putIn(now.prompt, tip, text));
              return values === undefined ? next : withVariable(next, tip.name, [...values]);
            });
            // What was clicked goes, now that the prompt says it.
            root.current?.querySelector("textarea")?.focus();
            say(`Put in: ${text}`, true);
          }}
        />
        {names.map((name) => (
          <Values
            key={name}
            name={name}
            values={draft.variables[name] ?? []}
            problems={problemsOf(name)}
            onChange={(values) => compose((now) => withVariable(now, name, values))}
          />
        ))}
        <Pictures setup={setup} images={images} {...parts} />
        <Choices {...settings} frames={images.frames} />
        <More {...settings} />
        <Foot
          checked={checked}
          sent={sent}
          cost={library.cost}
          problems={problems.filter(({ field }) => !shownBeside.has(field))}
          onGenerate={generate}
          onAnother={() => compose((now) => ({ ...now, take: now.take + 1 }))}
        />
      </div>
      {sent.question !== "" && (
        <Dialog label="A large sweep" size="small" moves={0} onClose={sent.forget}>
          <h2>{sent.question}</h2>
          <p class="veo-soft">Nothing was sent yet.</p>
          <div class="veo-buttons">
            <button type="button" class="veo-button" onClick={sent.forget}>
              Not now
            </button>
            <button type="button" class="veo-button veo-primary" onClick={() => sent.send(draft, true)}>
              {check?.button ?? "Generate"}
            </button>
          </div>
        </Dialog>
      )}
    </section>
  );
}

/** Whether a narrow panel shows one line of it: while something runs, until a person wants it open. */
function useFold(running: boolean, root: { current: HTMLElement | null }) {
  const [folded, setFolded] = useState(running);
  const before = useRef(running);
  useLayoutEffect(() => {
    if (before.current === running) return;
    before.current = running;
    // Not under the hands of a person who is writing.
    const writing = root.current?.contains(document.activeElement?.closest("input, textarea") ?? null);
    setFolded(running && writing !== true);
  }, [running, root]);
  useLayoutEffect(() => {
    const focused = document.activeElement;
    // What has the focus may have gone with the fold.
    if (!folded || focused === null || root.current?.contains(focused) !== true) return;
    if (focused.getClientRects().length === 0) {
      root.current.querySelector<HTMLElement>(".veo-fold button")?.focus();
    }
  }, [folded, root]);
  return {
    folded,
    unfold: useCallback(() => setFolded(false), []),
    fold: useCallback(() => setFolded(true), []),
  };
}
