// The settings: a line of menus, and in a fold what is seldom set.

import { useState } from "preact/hooks";
import { IconButton } from "../../../core/ui/icons";
import { useId } from "../../../core/ui/id";
import type { Check, Draft, FieldForm, Problem, Value } from "../../../protocol.gen";
import { asked, type Frames, ledText, withField } from "../draft";
import { Problems } from "../problems";
import { Menu, textOf } from "./menu";

interface FieldsProps {
  fields: readonly FieldForm[];
  draft: Draft;
  check: Check | undefined;
  problemsOf: (...fields: string[]) => Problem[];
  change: (change: (draft: Draft) => Draft) => void;
  frames: Frames;
}

/** What is often set, in a line: `fast ▾ 16:9 ▾ 8 s ▾`. */
export function Choices({ fields, draft, check, problemsOf, change, frames }: FieldsProps) {
  const choices = fields.filter((form) => !form.seldom);
  return (
    <div class="veo-choices" role="group" aria-label="Settings">
      {choices.map((form) => (
        <Menu
          key={form.name}
          form={form}
          values={draft.fields[form.name] ?? []}
          reasons={check?.unavailable[form.name] ?? {}}
          led={ledText(draft, form, frames)}
          onChange={(values) => change((now) => withField(now, form.name, values))}
        />
      ))}
      <AsDraft
        on={draft.drafted}
        saving={check?.saving ?? ""}
        reason={check?.unavailable["draft"]?.["*"] ?? ""}
        onChange={(drafted) => change((now) => ({ ...now, drafted }))}
      />
      <Problems problems={problemsOf(...choices.map((form) => form.name), "draft")} />
    </div>
  );
}

interface AsDraftProps {
  on: boolean;
  /** `360p at about a third of the price`; empty where nothing is cheaper. */
  saving: string;
  /** Why nothing would be saved. */
  reason: string;
  onChange: (on: boolean) => void;
}

/** Whether the cheapest is asked for that the model makes. Where nothing is cheaper it can still be taken back. */
function AsDraft({ on, saving, reason, onChange }: AsDraftProps) {
  const id = useId();
  const said = reason || saving;
  const off = reason !== "" && !on;
  return (
    <label class="veo-as-draft" data-off={off} title={reason || "To be made final once it is good"}>
      <input
        type="checkbox"
        checked={on}
        aria-disabled={off}
        aria-describedby={`${id}-said`}
        onClick={(event) => off && event.preventDefault()}
        onChange={(event) => !off && onChange(event.currentTarget.checked)}
      />
      <span>Draft</span>
      <span id={`${id}-said`} class="veo-soft">
        {said}
      </span>
    </label>
  );
}

/** What is set more seldom. It stands open where something in it keeps the draft from being sent. */
export function More({ fields, draft, check, problemsOf, change }: Omit<FieldsProps, "frames">) {
  const [open, setOpen] = useState(false);
  const others = fields.filter((form) => form.seldom);
  const names = [...others.map((form) => form.name), "take"];
  const bare = asked(draft);
  const set = others
    .filter((form) => bare.fields[form.name] !== undefined)
    .map((form) => `${form.label.toLowerCase()} ${textOf(form, bare.fields[form.name] ?? [])}`);
  if (draft.take > 1) set.push(`take ${draft.take}`);
  const shown = open || problemsOf(...names).length > 0;
  return (
    <details class="veo-others" open={shown} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        More {set.length > 0 && !shown && <span class="veo-others-set">{set.join(" · ")}</span>}
      </summary>
      <div class="veo-others-fields">
        {others.map((form) => (
          <OtherField
            key={form.name}
            form={form}
            values={draft.fields[form.name] ?? []}
            reasons={check?.unavailable[form.name] ?? {}}
            problems={problemsOf(form.name)}
            onChange={(values) => change((now) => withField(now, form.name, values))}
          />
        ))}
        <Line label="Take" help="another sample of the same request has another number">
          {(ids) => (
            <input
              {...ids}
              type="number"
              min={1}
              step={1}
              value={draft.take}
              onInput={(event) => {
                const take = event.currentTarget.valueAsNumber;
                if (Number.isSafeInteger(take) && take >= 1) change((now) => ({ ...now, take }));
              }}
            />
          )}
        </Line>
        <Problems problems={problemsOf("take")} />
      </div>
    </details>
  );
}

interface OtherProps {
  form: FieldForm;
  values: readonly Value[];
  reasons: Readonly<Record<string, string>>;
  problems: readonly Problem[];
  onChange: (values: Value[]) => void;
}

function OtherField({ form, values, reasons, problems, onChange }: OtherProps) {
  const reason = reasons["*"] ?? "";
  return (
    <>
      {form.choices.length > 0 ? (
        <div class="veo-setting" title={form.help}>
          <span>{form.label}</span>
          <Menu labelled form={form} values={values} reasons={reasons} onChange={onChange} />
        </div>
      ) : form.kind === "number" ? (
        <Line label={form.label} help={reason || form.help}>
          {(ids) => (
            <input
              {...ids}
              type="text"
              inputMode="numeric"
              placeholder={form.unset || "1, 2, ..., 5 for several"}
              aria-invalid={problems.length > 0}
              value={values.join(", ")}
              onInput={(event) => onChange(readNumbers(event.currentTarget.value))}
            />
          )}
        </Line>
      ) : (
        <Texts form={form} values={values} reason={reason} onChange={onChange} />
      )}
      <Problems problems={problems} />
    </>
  );
}

/** A number, or what is written of several for the kernel to read: `1, 2, ..., 5`. */
export function readNumbers(text: string): Value[] {
  if (text.trim() === "") return [];
  return /^\d{1,15}$/.test(text) ? [Number(text)] : [text];
}

/** A text, and more of them for a sweep: each in a place of its own, since commas belong to it. */
function Texts({
  form,
  values,
  reason,
  onChange,
}: Pick<OtherProps, "form" | "values" | "onChange"> & { reason: string }) {
  const texts = values.length === 0 ? [""] : values.map(String);
  const put = (at: number, text: string) => {
    const next = texts.map((one, place) => (place === at ? text : one));
    onChange(next.length === 1 && text === "" ? [] : next);
  };
  return (
    <div class="veo-texts">
      {texts.map((text, at) => (
        <Line
          key={at}
          label={at === 0 ? form.label : `${form.label} ${at + 1}`}
          help={reason || form.help}
          end={
            <IconButton
              name={at === 0 ? "add" : "close"}
              label={at === 0 ? "Another text: a sweep" : `Remove ${form.label} ${at + 1}`}
              onClick={() => onChange(at === 0 ? [...texts, ""] : texts.filter((_, place) => place !== at))}
            />
          }
        >
          {(ids) => (
            <textarea
              {...ids}
              rows={1}
              dir="auto"
              placeholder={form.unset}
              value={text}
              onInput={(event) => put(at, event.currentTarget.value)}
            />
          )}
        </Line>
      ))}
    </div>
  );
}

interface LineProps {
  label: string;
  help: string;
  end?: preact.ComponentChildren;
  children: (ids: { id: string; "aria-describedby": string }) => preact.ComponentChildren;
}

function Line({ label, help, end, children }: LineProps) {
  const id = useId();
  return (
    <div class="veo-setting" title={help}>
      <label for={id}>{label}</label>
      {children({ id, "aria-describedby": `${id}-help` })}
      {end}
      <span id={`${id}-help`} class="veo-unseen">
        {help}
      </span>
    </div>
  );
}
