// What was measured of a clip: label and value, and in a fold what each is.

import type { Measured } from "../../protocol.gen";

export function MeasureTable({ measures }: { measures: readonly Measured[] }) {
  return (
    <>
      <dl class="veo-measures">
        {measures.map(({ label, value, about }) => (
          <div key={label} title={about}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <details class="veo-measures-about">
        <summary>What these are</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by the keyboard too */}
        <ul tabIndex={0}>
          {measures.map(({ label, about }) => (
            <li key={label}>
              <b>{label}</b>: {about}
            </li>
          ))}
        </ul>
      </details>
    </>
  );
}
