// What a person thinks of a clip: a star, 1 to 5, a note.

import { IconButton } from "../../core/ui/icons";
import type { Marks } from "../context";

interface MarksProps {
  marks: Marks;
  /** 0 where the keyboard may come here, -1 where it goes by the cell. */
  tabIndex: number;
  onRate: (rating: number) => void;
  onStar: () => void;
  onNote: () => void;
}

export function MarksRow({ marks, tabIndex, onRate, onStar, onNote }: MarksProps) {
  return (
    <span class="veo-marks">
      <Rating value={marks.rating} tabIndex={tabIndex} onRate={onRate} />
      <IconButton
        name="star"
        label={marks.star ? "Take the star away" : "Star"}
        pressed={marks.star}
        filled={marks.star}
        tabIndex={tabIndex}
        onClick={onStar}
      />
      <IconButton
        name="note"
        label={marks.note === "" ? "Write a note" : `Note: ${marks.note}`}
        filled={marks.note !== ""}
        tabIndex={tabIndex}
        onClick={onNote}
      />
    </span>
  );
}

/** Five buttons of which those up to the rating are full; the one that is set clears it. */
function Rating({
  value,
  tabIndex,
  onRate,
}: {
  value: number;
  tabIndex: number;
  onRate: (r: number) => void;
}) {
  return (
    <span class="veo-rating" role="group" aria-label={value === 0 ? "Not rated" : `Rated ${value} of 5`}>
      {[1, 2, 3, 4, 5].map((rating) => (
        <button
          key={rating}
          type="button"
          tabIndex={tabIndex}
          aria-label={value === rating ? `Clear the rating of ${rating}` : `Rate ${rating} of 5`}
          aria-pressed={value === rating}
          title={value === rating ? "Clear" : `${rating} of 5`}
          data-full={rating <= value}
          onClick={() => onRate(value === rating ? 0 : rating)}
        >
          <i />
        </button>
      ))}
    </span>
  );
}

/** The marks for those who can't see them. */
export function marksText({ rating, star, note }: Marks): string {
  const text = [
    rating > 0 ? `rated ${rating} of 5` : "",
    star ? "starred" : "",
    note === "" ? "" : `note: ${note}`,
  ];
  return text.filter((word) => word !== "").join(", ");
}
