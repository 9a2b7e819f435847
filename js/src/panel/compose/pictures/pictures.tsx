// Where pictures are given: dropped, pasted, chosen from the disk, or taken from a clip.

import { useEffect, useRef, useState } from "preact/hooks";
import { announce } from "../../../core/announce";
import { imageSource } from "../../../core/sources";
import { useKeptFocus } from "../../../core/ui/focus";
import { Icon, IconButton } from "../../../core/ui/icons";
import type { Check, Draft, PictureState, Problem, Setup } from "../../../protocol.gen";
import { usePanel } from "../../context";
import { differs, PICTURES, type PictureField, ratiosOf, turnedAway, withoutPicture } from "../draft";
import { Problems } from "../problems";
import { CropDialog } from "./cropping";
import { useDrop } from "./drop";
import { Fit } from "./fit";
import type { Images } from "./images";
import { SourceVideo } from "./source";

const LABELS: Record<PictureField, string> = {
  image: "First frame",
  last_frame: "Last frame",
  reference_images: "References",
};

interface PicturesProps {
  setup: Setup;
  draft: Draft;
  images: Images;
  check: Check | undefined;
  problemsOf: (...fields: string[]) => Problem[];
}

export function Pictures({ setup, draft, images, check, problemsOf }: PicturesProps) {
  const { compose } = usePanel();
  const [cropped, setCropped] = useState<{ field: PictureField; picture: PictureState }>();
  const ratios = ratiosOf(draft, setup, images.frames);
  const fields = PICTURES.filter((field) => field !== "reference_images" || setup.most_references > 0);
  const shapesFor = (picture: PictureState) => {
    const own = ratios.filter((ratio) => !turnedAway(picture, ratio));
    // What was chosen is chosen for all of them.
    return draft.fields["aspect_ratio"] === undefined && own.length > 0 ? own : ratios;
  };
  const misfitOf = (picture: PictureState) => shapesFor(picture).find((ratio) => differs(picture, ratio));
  const unfit = [...images.frames.first, ...images.frames.last].find(misfitOf);
  const misfit = unfit && misfitOf(unfit);
  const { taken } = images;
  useEffect(() => {
    if (taken === undefined) return;
    const ratio = taken.field === "reference_images" ? undefined : misfitOf(taken.picture);
    const words = `${LABELS[taken.field]}: ${taken.picture.name || "the picture"}.`;
    announce(ratio === undefined ? words : `${words} It is not ${ratio}: choose how it fits.`);
  }, [taken]);
  return (
    <div class="veo-pictures">
      {fields.map((field) => (
        <PicturePlace
          key={field}
          field={field}
          keys={draft[field]}
          images={images}
          full={field === "reference_images" && draft[field].length >= setup.most_references}
          reason={check?.unavailable[field]?.["*"] ?? ""}
          problems={problemsOf(field)}
          onCrop={ratios.length > 0 ? (picture) => setCropped({ field, picture }) : undefined}
        />
      ))}
      <SourceVideo
        field={draft.edit === "" ? "video" : "edit"}
        clip={draft.edit || draft.video}
        reason={check?.unavailable["video"]?.["*"] ?? ""}
        problems={problemsOf("video", "edit")}
      />
      {(misfit !== undefined || draft.fit !== "") && (
        <Fit
          name={unfit?.name ?? ""}
          ratio={misfit ?? ""}
          value={draft.fit}
          onChange={(fit) => compose((now) => ({ ...now, fit }))}
        />
      )}
      <Problems problems={problemsOf("fit")} />
      {cropped !== undefined && (
        <CropDialog
          picture={cropped.picture}
          ratio={shapesFor(cropped.picture)[0] ?? ""}
          onClose={() => setCropped(undefined)}
          onCrop={(area) => {
            images.crop(cropped.field, cropped.picture.key, area);
            setCropped(undefined);
          }}
        />
      )}
    </div>
  );
}

interface PlaceProps {
  field: PictureField;
  keys: readonly string[];
  images: Images;
  full: boolean;
  /** Why none can be given here. */
  reason: string;
  problems: readonly Problem[];
  onCrop: ((picture: PictureState) => void) | undefined;
}

function PicturePlace({ field, keys, images, full, reason, problems, onCrop }: PlaceProps) {
  const { compose, chosen, say } = usePanel();
  const input = useRef<HTMLInputElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const adder = useRef<HTMLButtonElement>(null);
  // The button that a picture was given by makes room for it.
  useKeptFocus(box, (place) => adder.current ?? place.querySelector("button"));
  const uploads = images.uploads.filter((one) => one.field === field);
  const label = LABELS[field];
  const off = reason !== "";
  const refuse = () => say(reason);
  const [over, drop] = useDrop({
    files: (files) => (off ? refuse() : images.files(field, files)),
    clip: (clip) => (off ? refuse() : images.frame(field, clip)),
  });
  const remove = (key: string) => {
    compose((now) => withoutPicture(now, field, key));
    requestAnimationFrame(() => adder.current?.focus());
  };
  const clip = chosen.length === 1 && !off ? chosen[0] : undefined;
  const empty = keys.length + uploads.length === 0;
  const many = keys.length + uploads.length > 1;
  // One button, which stands in the middle while the place is empty, and above the pictures then.
  const adding = {
    ref: adder,
    type: "button",
    "aria-disabled": off,
    "aria-label": `${label}: drop, paste, pick a picture${off ? `. ${reason}` : ""}`,
    title: off ? reason : "Drop or paste a picture or a clip, or click to choose a file",
    onClick: () => (off ? refuse() : input.current?.click()),
  } as const;
  return (
    <div
      ref={box}
      class="veo-place"
      role="group"
      aria-label={label}
      data-over={over}
      data-off={off}
      data-many={many}
      {...drop}
      onPaste={(event) => {
        const files = [...(event.clipboardData?.files ?? [])];
        if (files.length === 0) return;
        event.preventDefault();
        event.stopPropagation();
        if (off) refuse();
        else images.files(field, files);
      }}
    >
      <p class="veo-place-head">
        <span>{label}</span>
        {many && field !== "reference_images" && <span class="veo-soft">a clip for each</span>}
        {!empty && !full && (
          <button {...adding} class="veo-quiet">
            <Icon name="add" />
          </button>
        )}
      </p>
      <div class="veo-pics">
        {keys.map((key) => (
          <PictureThumb
            key={key}
            picture={images.known[key]}
            onRemove={() => remove(key)}
            onCrop={field === "reference_images" ? undefined : onCrop}
          />
        ))}
        {uploads.map(({ id, name }) => (
          <span key={id} class="veo-pic" data-waiting="true" title={name}>
            <span class="veo-pic-words">Reading {name}</span>
          </span>
        ))}
        {empty && (
          <button {...adding} class="veo-add">
            <Icon name="add" />
            {clip === undefined && <span>drop, paste, pick</span>}
          </button>
        )}
        {empty && clip !== undefined && (
          <button
            type="button"
            class="veo-quiet"
            aria-label={`${label}: use ${clip.split("/")[0]}, its ${field === "last_frame" ? "first" : "last"} frame`}
            title={`The ${field === "last_frame" ? "first" : "last"} frame of the clip that is chosen`}
            onClick={() => images.frame(field, clip)}
          >
            use {clip.split("/")[0]}
          </button>
        )}
      </div>
      <input
        ref={input}
        type="file"
        accept="image/*,.heic,.heif"
        multiple
        hidden
        tabIndex={-1}
        aria-label={`${label}: files`}
        onChange={(event) => {
          images.files(field, [...(event.currentTarget.files ?? [])]);
          // The same file can be chosen again after it was taken away.
          event.currentTarget.value = "";
        }}
      />
      <Problems problems={problems} />
      {images.refused[field] !== undefined && (
        <Problems problems={[{ field, message: images.refused[field], hint: "" }]} />
      )}
    </div>
  );
}

interface PictureThumbProps {
  picture: PictureState | string | undefined;
  onRemove: () => void;
  onCrop: ((picture: PictureState) => void) | undefined;
}

function PictureThumb({ picture, onRemove, onCrop }: PictureThumbProps) {
  const known = typeof picture === "object" ? picture : undefined;
  const still = imageSource(known?.still ?? "");
  const name = known?.name || "the picture";
  const from = known?.origin ? `, from clip ${known.origin.split("/")[0]}` : "";
  return (
    <span
      class="veo-pic"
      data-waiting={picture === undefined}
      title={known === undefined ? "" : `${known.name} · ${known.width} × ${known.height}${from}`}
      {...(known !== undefined && {
        style: { aspectRatio: String(between(0.5625, known.width / known.height, 1.7778)) },
      })}
    >
      {still === "" ? (
        <span class="veo-pic-words">{typeof picture === "string" ? picture : known?.name}</span>
      ) : (
        <img src={still} alt={`${name}${from}`} />
      )}
      <span class="veo-pic-buttons">
        {known !== undefined && onCrop !== undefined && (
          <IconButton name="crop" label={`Crop ${name}`} onClick={() => onCrop(known)} />
        )}
        <IconButton name="close" label={`Remove ${name}`} onClick={onRemove} />
      </span>
    </span>
  );
}

function between(low: number, value: number, high: number): number {
  return Math.max(low, Math.min(value, high));
}
