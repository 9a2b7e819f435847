// What a draft says, and how it changes; the rules of veo_nb/sweep/template.py and axes.py for the page. Pure.

import type { Draft, FieldForm, Setup, Value } from "../../protocol.gen";

/** The fields that hold pictures, in the order in which they are shown. */
export const PICTURES = ["image", "last_frame", "reference_images"] as const;
export type PictureField = (typeof PICTURES)[number];

// Blanks of any kind, and marks that can't be seen.
const AROUND = "[\\s\\u00ad\\u180e\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufeff]*";
const VARIABLE = new RegExp(`[{｛]{2}${AROUND}([_\\p{XID_Start}]\\p{XID_Continue}*)${AROUND}[}｝]{2}`, "gu");
/** Between values in a line, from any keyboard; as veo_nb/catalog/phrases.py has them. */
const COMMA = /[,，﹐､、،]/;

/** The names of the prompt's `{{variables}}`, each once, in order and in the form that Python gives them. */
export function variablesOf(prompt: string): string[] {
  const names = [...prompt.matchAll(VARIABLE)].map((match) => (match[1] as string).normalize("NFKC"));
  return [...new Set(names)];
}

interface PromptPiece {
  text: string;
  variable: boolean;
}

/** The prompt in pieces, of which some are `{{variables}}`; put together they are the prompt. */
export function piecesOf(prompt: string): PromptPiece[] {
  const pieces: PromptPiece[] = [];
  let end = 0;
  for (const match of prompt.matchAll(VARIABLE)) {
    pieces.push({ text: prompt.slice(end, match.index), variable: false });
    pieces.push({ text: match[0], variable: true });
    end = match.index + match[0].length;
  }
  pieces.push({ text: prompt.slice(end), variable: false });
  return pieces.filter((piece) => piece.text !== "");
}

/** Several values in one text: one a line, else `||` between them, else commas. */
export function splitValues(text: string): string[] {
  const between = /\r?\n/.test(text.trim()) ? /\r?\n/ : /\|\||｜｜/.test(text) ? /\|\||｜｜/ : COMMA;
  return text
    .split(between)
    .map((value) => value.trim())
    .filter((value) => value !== "");
}

/** The values with more of them; one that is there already is not added twice. */
export function withValues<T>(values: readonly T[], more: readonly T[]): T[] {
  return [...new Set([...values, ...more])];
}

export function without<T>(values: readonly T[], value: T): T[] {
  return values.filter((one) => one !== value);
}

/** The draft with another prompt. A variable whose name is being changed keeps its values. */
export function withPrompt(draft: Draft, prompt: string): Draft {
  const [before, after] = [variablesOf(draft.prompt), variablesOf(prompt)];
  const [gone, ...othersGone] = before.filter((name) => !after.includes(name));
  const [come, ...othersCome] = after.filter((name) => !before.includes(name));
  const renamed =
    gone !== undefined &&
    come !== undefined &&
    othersGone.length + othersCome.length === 0 &&
    before.indexOf(gone) === after.indexOf(come) &&
    draft.variables[come] === undefined;
  if (!renamed) return { ...draft, prompt };
  const { [gone]: values = [], ...others } = draft.variables;
  return { ...draft, prompt, variables: { ...others, [come]: values } };
}

export function withVariable(draft: Draft, name: string, values: string[]): Draft {
  return { ...draft, variables: { ...draft.variables, [name]: values } };
}

/** The draft with another setting; none at all leaves it to the provider. */
export function withField(draft: Draft, name: string, values: readonly Value[]): Draft {
  const { [name]: _, ...others } = draft.fields;
  return { ...draft, fields: values.length === 0 ? others : { ...others, [name]: [...values] } };
}

/** The draft without a picture; with the last frame goes what was to be done to make it fit. */
export function withoutPicture(draft: Draft, field: PictureField, key: string): Draft {
  const left = { ...draft, [field]: without(draft[field], key) };
  return left.image.length + left.last_frame.length === 0 ? { ...left, fit: "" } : left;
}

/** What of a draft is asked for: values of variables that the prompt no longer has, and empty ones, stay behind. */
export function asked(draft: Draft): Draft {
  const names = variablesOf(draft.prompt);
  const variables = names.map((name) => [name, draft.variables[name] ?? []] as const);
  const fields = Object.entries(draft.fields)
    .map(([name, values]) => [name, values.filter((value) => value !== "")] as const)
    .filter(([, values]) => values.length > 0);
  return { ...draft, variables: Object.fromEntries(variables), fields: Object.fromEntries(fields) };
}

/** Nothing yet. */
export const EMPTY: Draft = {
  prompt: "",
  variables: {},
  fields: {},
  image: [],
  last_frame: [],
  reference_images: [],
  video: "",
  edit: "",
  fit: "",
  take: 1,
  drafted: false,
};

export function isEmpty(draft: Draft): boolean {
  const bare = asked(draft);
  return (Object.keys(EMPTY) as (keyof Draft)[]).every(
    (name) => JSON.stringify(bare[name]) === JSON.stringify(EMPTY[name]),
  );
}

interface Size {
  width: number;
  height: number;
}

/** The clip's shapes as text, `16:9`: those that were chosen, else those that its frames lead to, else the provider's own. */
export function ratiosOf(draft: Draft, setup: Setup, frames: Frames = NO_FRAMES): string[] {
  const form = setup.fields.find((field) => field.name === "aspect_ratio");
  const set = draft.fields["aspect_ratio"] ?? [];
  const all = set.length > 0 ? set : leading(form, frames).map(({ ratio }) => ratio);
  return [...new Set(all.map(String))].filter((ratio) => shareOf(ratio) > 0);
}

/** What the clip's shape is taken from where nobody has set it: `9:16, as the first frame`; empty for the provider's own. */
export function ledText(draft: Draft, form: FieldForm, frames: Frames): string {
  if (form.name !== "aspect_ratio" || draft.video + draft.edit !== "") return "";
  const led = leading(form, frames);
  if (led.every(({ ratio }) => ratio === form.unset)) return "";
  const names = [...new Set(led.map(({ frame }) => frame).filter((frame) => frame !== ""))];
  return `${[...new Set(led.map(({ ratio }) => ratio))].join(" or ")}, as the ${names.join(" or ")}`;
}

export interface Frames<Picture extends Size = Size> {
  first: readonly Picture[];
  last: readonly Picture[];
}

const NO_FRAMES: Frames = { first: [], last: [] };

/** The shape of each clip, and the frame that leads to it: the first one, or the last where that is a square. */
function leading(form: FieldForm | undefined, { first, last }: Frames): { ratio: string; frame: string }[] {
  const own = form?.unset ?? "";
  // Where no shape can be asked for, the clip has that of its frame.
  if (own === "") return [{ ratio: "", frame: "" }];
  const ratios = (form?.choices ?? []).map(({ value }) => String(value));
  const of = (size: Size, frame: string) => {
    const fitting = ratios.filter((one) => !turnedAway(size, one));
    const far = (one: string) => Math.abs(Math.log(size.width / size.height / shareOf(one)));
    fitting.sort((one, two) => far(one) - far(two));
    return { ratio: fitting[0] ?? own, frame };
  };
  const square = ({ width, height }: Size) => width === height && !ratios.includes("1:1");
  const led = first.filter((size) => !square(size)).map((size) => of(size, "first frame"));
  if (first.some(square)) {
    const ends = last.filter((size) => !square(size)).map((size) => of(size, "last frame"));
    led.push(...(ends.length > 0 ? ends : [{ ratio: own, frame: "" }]));
  }
  return led.length > 0 ? led : [{ ratio: own, frame: "" }];
}

/** Width by height of `16:9`; 0 of anything else. */
export function shareOf(ratio: string): number {
  const match = /^(\d+):(\d+)$/.exec(ratio.trim());
  return match === null ? 0 : Number(match[1]) / Number(match[2]);
}

/** Whether one is upright and the other wide. */
export function turnedAway({ width, height }: Size, ratio: string): boolean {
  return (width - height) * (shareOf(ratio) - 1) < 0;
}

/** Whether a picture has another shape than the clip, beyond what a rounding does. */
export function differs(picture: Size, ratio: string): boolean {
  const share = picture.width / picture.height / shareOf(ratio);
  return Math.abs(share - 1) > 0.01;
}
