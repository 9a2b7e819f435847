// What happens to a picture of another shape than the clip's.

import { useId } from "../../../core/ui/id";
import type { Draft } from "../../../protocol.gen";

const WAYS: readonly [Draft["fit"], string, string][] = [
  ["crop", "crop", "Cut off what does not fit into the clip's shape, from the middle"],
  ["pad", "pad with blur", "Show all of it, with blurred edges that fill the clip's shape"],
  ["", "as it is", "Leave it to the provider"],
];

interface FitProps {
  name: string;
  /** The clip's shape that it does not have; empty where they fit, and a choice was made all the same. */
  ratio: string;
  value: Draft["fit"];
  onChange: (fit: Draft["fit"]) => void;
}

export function Fit({ name, ratio, value, onChange }: FitProps) {
  const id = useId();
  return (
    <fieldset class="veo-fit">
      <legend>
        {ratio === "" ? (
          "First and last frame"
        ) : (
          <>
            <bdi>{name || "The picture"}</bdi> is not {ratio}
          </>
        )}
      </legend>
      {WAYS.map(([way, label, help]) => (
        <label key={way} title={help}>
          <input type="radio" name={id} checked={value === way} onChange={() => onChange(way)} />
          {label}
        </label>
      ))}
    </fieldset>
  );
}
