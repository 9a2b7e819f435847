// A setting as a button that says what is set, and opens a list to choose from: one value, or several for a sweep.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../../../core/ui/icons";
import { useId } from "../../../core/ui/id";
import type { Choice, FieldForm, Value } from "../../../protocol.gen";
import { without, withValues } from "../draft";
import { place } from "./place";

export interface MenuProps {
  form: FieldForm;
  values: readonly Value[];
  /** Why values can't be had, by the value as a text; `*` is all of them. */
  reasons: Readonly<Record<string, string>>;
  onChange: (values: Value[]) => void;
  /** What comes of it where nothing is set, if that is not the provider's own. */
  led?: string;
  /** Whether its label stands beside it already. */
  labelled?: boolean;
}

export function Menu({ form, values, reasons, onChange, led = "", labelled = false }: MenuProps) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const shown = (values.length === 0 && led) || textOf(form, values);
  const trouble = [reasons["*"], ...values.map((value) => reasonOf(reasons, value))].find(Boolean) ?? "";
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    <div
      class="veo-choice"
      onFocusOut={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOpen(false);
      }}
    >
      <button
        ref={button}
        type="button"
        class="veo-button"
        aria-haspopup="listbox"
        aria-expanded={open}
        aria-label={`${form.label}: ${shown || "not set"}${trouble && `. ${trouble}`}`}
        title={trouble || form.help}
        data-set={values.length > 0}
        data-trouble={trouble !== ""}
        onMouseDown={(event) => {
          // Or the list would lose the focus, close, and be opened again by the click.
          if (open) event.preventDefault();
        }}
        onClick={() => (open ? close() : setOpen(true))}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
          event.preventDefault();
          setOpen(true);
        }}
      >
        <span>{shown || (labelled ? "not set" : form.label)}</span>
        <Icon name="down" />
      </button>
      {open && (
        <List
          form={form}
          values={values}
          reasons={reasons}
          led={led}
          beside={() => button.current}
          onChange={onChange}
          onClose={close}
        />
      )}
    </div>
  );
}

/** What is set: `16:9`, `4 s, 8 s`, `4 s + 2 more`; what the provider takes where nothing is. */
export function textOf({ choices, unset }: FieldForm, values: readonly Value[]): string {
  const labels = values.map((value) => labelOf(choices, value));
  if (labels.length > 2) return `${labels[0]} + ${labels.length - 1} more`;
  return labels.join(", ") || unset;
}

function labelOf(choices: readonly Choice[], value: Value): string {
  const choice = choices.find((one) => one.value === value);
  // Without the heading of its group the label alone may be another's.
  return choice === undefined || choice.group !== "" ? String(value) : choice.label;
}

/** The choices under their headings, each with its place in the whole. */
function inGroups(choices: readonly Choice[]): { title: string; members: [Choice, number][] }[] {
  const groups: { title: string; members: [Choice, number][] }[] = [];
  choices.forEach((choice, at) => {
    const last = groups.at(-1);
    if (last?.title === choice.group) last.members.push([choice, at]);
    else groups.push({ title: choice.group, members: [[choice, at]] });
  });
  return groups;
}

function reasonOf(reasons: MenuProps["reasons"], value: Value): string {
  return reasons["*"] ?? reasons[String(value)] ?? "";
}

/** As many choices as are always shown, greyed with a reason where they can't be used. */
const FEW = 6;

interface ListProps extends MenuProps {
  beside: () => HTMLElement | null;
  onClose: () => void;
}

function List({ form, values, reasons, led, beside, onChange, onClose }: ListProps) {
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  // Of many only what goes with the rest is worth reading; what is there when the list opens stays. Under headings all
  // are, since a reason may say how to have them.
  const [offered] = useState(() =>
    form.choices.length <= FEW || "*" in reasons || form.choices.some(({ group }) => group !== "")
      ? form.choices
      : form.choices.filter(({ value }) => values.includes(value) || reasonOf(reasons, value) === ""),
  );
  // What was set and is no longer offered can still be taken away.
  const strange = values.filter((value) => !offered.some((choice) => choice.value === value));
  const choices = [...offered, ...strange.map((value) => ({ value, label: String(value), group: "" }))];
  const [active, setActive] = useState(() => choices.findIndex((choice) => values.includes(choice.value)));

  useLayoutEffect(() => {
    const [popup, anchor] = [box.current, beside()];
    if (popup === null || anchor === null) return undefined;
    // Over everything: an output area would cut it off.
    if (typeof popup.showPopover === "function") popup.showPopover();
    const put = () => place(popup, anchor);
    put();
    popup.focus({ preventScroll: true });
    window.addEventListener("scroll", put, { capture: true, passive: true });
    window.addEventListener("resize", put);
    return () => {
      window.removeEventListener("scroll", put, { capture: true });
      window.removeEventListener("resize", put);
    };
  }, []);
  useEffect(() => {
    box.current?.querySelector('[data-active="true"]')?.scrollIntoView?.({ block: "nearest" });
  }, [active]);

  const choose = (at: number) => {
    const choice = choices[at];
    if (choice !== undefined && reasonOf(reasons, choice.value) !== "") return setActive(at);
    onChange(choice === undefined ? [] : [choice.value]);
    onClose();
  };
  const toggle = (at: number) => {
    setActive(at);
    const choice = choices[at];
    if (choice === undefined) return onChange([]);
    if (values.includes(choice.value)) return onChange(without(values, choice.value));
    if (reasonOf(reasons, choice.value) !== "") return undefined;
    // In the order in which they are offered.
    const chosen = withValues(values, [choice.value]);
    return onChange(choices.map(({ value }) => value).filter((value) => chosen.includes(value)));
  };
  const typed = useRef({ text: "", at: 0 });
  const seek = (key: string) => {
    const now = Date.now();
    const text = now - typed.current.at < 700 ? typed.current.text + key : key;
    typed.current = { text, at: now };
    const begins = (said: string) => said.toLowerCase().startsWith(text.toLowerCase());
    const found = choices.findIndex(({ label, value }) => begins(label) || begins(String(value)));
    if (found >= 0) setActive(found);
  };
  const press = (event: KeyboardEvent) => {
    const acts: Record<string, () => void> = {
      ArrowDown: () => setActive(Math.min(active + 1, choices.length - 1)),
      ArrowUp: () => setActive(Math.max(active - 1, -1)),
      Home: () => setActive(-1),
      End: () => setActive(choices.length - 1),
      Enter: () => choose(active),
      " ": () => toggle(active),
      Escape: onClose,
    };
    const act = acts[event.key];
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (act !== undefined && plain) {
      event.preventDefault();
      event.stopPropagation();
      act();
    } else if (event.key.length === 1 && plain) seek(event.key);
  };

  const reason = active < 0 ? "" : reasonOf(reasons, choices[active]?.value ?? "");
  const option = (choice: Choice | undefined, at: number) => {
    const why = choice === undefined ? "" : reasonOf(reasons, choice.value);
    const chosen = choice === undefined ? values.length === 0 : values.includes(choice.value);
    const own = form.unset === "" ? "Leave it to the provider" : `Provider's own: ${form.unset}`;
    return (
      // biome-ignore lint/a11y/useKeyWithClickEvents: the list listens to the keys
      <div
        key={at}
        id={`${id}-${at}`}
        class="veo-option"
        role="option"
        aria-selected={chosen}
        aria-disabled={why !== ""}
        data-active={at === active}
        {...(why !== "" && { title: why })}
        onClick={(event) => {
          const several = event.ctrlKey || event.metaKey || onBox(event.target as Element);
          if (several) toggle(at);
          else choose(at);
        }}
        onMouseMove={() => at !== active && setActive(at)}
      >
        {choice === undefined ? (
          <span class="veo-tick" />
        ) : (
          <span
            class="veo-tick"
            data-box="true"
            title={why || (chosen ? "Take it away" : "Add it: several values make a sweep")}
          >
            {chosen && <Icon name="tick" />}
          </span>
        )}
        <span>{choice?.label ?? (led || own)}</span>
        {why !== "" && <span class="veo-unseen">{why}</span>}
      </div>
    );
  };
  return (
    <div
      ref={box}
      class="veo-list"
      popover="manual"
      role="listbox"
      aria-multiselectable="true"
      aria-label={form.label}
      aria-activedescendant={`${id}-${active}`}
      aria-describedby={`${id}-help`}
      tabIndex={-1}
      onKeyDown={press}
    >
      {option(undefined, -1)}
      {inGroups(choices).map(({ title, members }) =>
        title === "" ? (
          members.map(([choice, at]) => option(choice, at))
        ) : (
          <div key={title} role="group" aria-label={title}>
            <div class="veo-list-group" aria-hidden="true">
              {title}
            </div>
            {members.map(([choice, at]) => option(choice, at))}
          </div>
        ),
      )}
      <p id={`${id}-help`} class="veo-list-help" role="presentation" data-trouble={reason !== ""}>
        {reason ||
          `${form.help ? `${sentence(form.help)} ` : ""}Space or the box adds another value: a sweep.`}
      </p>
    </div>
  );
}

function onBox(target: Element): boolean {
  return target.closest('[data-box="true"]') !== null;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
