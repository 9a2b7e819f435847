// The pictures of a draft: what is known of each, and those that are on their way from a person's disk or a clip.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { RequestError, refusalOf } from "../../../core/connection";
import type { Draft, PictureState, Setup } from "../../../protocol.gen";
import { usePanel } from "../../context";
import { type Frames, PICTURES, type PictureField, withValues } from "../draft";
import type { Area } from "./crop";
import { smaller } from "./smaller";

const DEADLINE_MS = 60_000;

interface Upload {
  id: number;
  field: PictureField;
  name: string;
}

export interface Images {
  /** By key; words where the library no longer has it. */
  known: Readonly<Record<string, PictureState | string>>;
  uploads: readonly Upload[];
  /** The frames that are known, by what they are. */
  frames: Frames<PictureState>;
  /** The one that was given last. */
  taken: { field: PictureField; picture: PictureState } | undefined;
  /** Why the last one was not taken, by field. */
  refused: Readonly<Partial<Record<PictureField, string>>>;
  files: (field: PictureField, files: readonly File[]) => void;
  frame: (field: PictureField, clip: string) => void;
  crop: (field: PictureField, picture: string, area: Area) => void;
}

/** A frame of a clip: its last one to begin with, its first one to end with. */
function secondsFor(field: PictureField): number | null {
  return field === "last_frame" ? 0 : null;
}

export function useImages(draft: Draft, setup: Setup): Images {
  const { request, compose, say, signal } = usePanel();
  const [known, setKnown] = useState<Images["known"]>({});
  const [uploads, setUploads] = useState<readonly Upload[]>([]);
  const [refused, setRefused] = useState<Images["refused"]>({});
  const [taken, setTaken] = useState<Images["taken"]>();
  const count = useRef(0);
  const asking = useRef(new Set<string>());
  const most = setup.most_references;

  const keys = PICTURES.flatMap((field) => draft[field]).join("\n");
  useEffect(() => {
    const wanted = new Set(keys === "" ? [] : keys.split("\n"));
    // What is no longer given is forgotten, or a day of trying would be kept.
    setKnown((now) => {
      const left = Object.entries(now).filter(([key]) => wanted.has(key));
      return left.length === Object.keys(now).length ? now : Object.fromEntries(left);
    });
    for (const key of wanted) {
      if (typeof known[key] === "object" || asking.current.has(key)) continue;
      asking.current.add(key);
      request("picture", { picture: key })
        .then((picture) => setKnown((now) => ({ ...now, [key]: picture })))
        .catch((error: unknown) => {
          const text = textOf(error, "");
          if (text !== "") setKnown((now) => ({ ...now, [key]: text }));
        })
        .finally(() => asking.current.delete(key));
    }
  }, [keys, request]);

  const refuse = useCallback(
    (field: PictureField, text: string) => {
      if (text === "") return;
      setRefused((now) => ({ ...now, [field]: text }));
      say(text, true);
    },
    [say],
  );

  /** Waits for a picture's size and still and puts it into the draft: in place of another, or at the end. */
  const take = useCallback(
    async (field: PictureField, name: string, ask: () => Promise<PictureState>, instead?: string) => {
      const id = ++count.current;
      setUploads((now) => [...now, { id, field, name }]);
      setRefused(({ [field]: _, ...others }) => others);
      try {
        const picture = await ask();
        if (signal.aborted) return;
        setKnown((now) => ({ ...now, [picture.key]: picture }));
        compose((now) => {
          const held = now[field].map((key) => (key === instead ? picture.key : key));
          const all = withValues(held, instead === undefined ? [picture.key] : []);
          return { ...now, [field]: field === "reference_images" ? all.slice(0, most) : all };
        });
        setTaken({ field, picture });
      } catch (error) {
        refuse(field, textOf(error, `Give ${name} again.`));
      } finally {
        setUploads((now) => now.filter((one) => one.id !== id));
      }
    },
    [compose, refuse, most, signal],
  );

  const files = useCallback(
    async (field: PictureField, images: readonly File[]) => {
      const free = field === "reference_images" ? most - draft[field].length : images.length;
      const given = images.slice(0, Math.max(0, free));
      const unfit = given.map(unfitText).filter((text) => text !== "");
      // One after another, so that they stand in the order in which they were given.
      for (const file of given) {
        if (unfitText(file) !== "") continue;
        await take(field, file.name, async () => {
          const small = file.size <= setup.most_bytes ? file : await smaller(file, setup.most_bytes);
          if (small === undefined) throw new RequestError("large", ...largeText(file, setup.most_bytes));
          const bytes = await small.arrayBuffer().catch(() => {
            throw new RequestError("unread", `${file.name} can't be read.`, "It may have been moved.");
          });
          const name = file.name.slice(-200);
          return request("upload", { name }, { buffers: [bytes], timeout: DEADLINE_MS });
        });
      }
      if (given.length < images.length) unfit.push(`No more than ${most} references can be given.`);
      refuse(field, unfit.join(" "));
    },
    [draft, most, refuse, request, setup, take],
  );

  const sizes = (field: PictureField) =>
    draft[field].map((key) => known[key]).filter((picture) => typeof picture === "object");
  return {
    known,
    frames: { first: sizes("image"), last: sizes("last_frame") },
    uploads,
    taken,
    refused,
    files: (...what) => void files(...what),
    frame: (field, clip) => {
      if (field === "reference_images" && draft[field].length >= most) {
        refuse(field, `No more than ${most} references can be given.`);
        return;
      }
      const name = `the frame of ${clip.split("/")[0]}`;
      const payload = { clip, seconds: secondsFor(field) };
      void take(field, name, () => request("frame", payload, { timeout: DEADLINE_MS }));
    },
    crop: (field, picture, area) => {
      const name = "the cut picture";
      void take(field, name, () => request("crop", { picture, ...area }, { timeout: DEADLINE_MS }), picture);
    },
  };
}

/** Why a file is no picture that can be given; empty where it can. */
export function unfitText(file: { name: string; type: string; size: number }): string {
  // Few systems know what a phone's photo is.
  const picture = file.type.startsWith("image/") || (file.type === "" && /\.hei[cf]$/i.test(file.name));
  if (!picture) return `${file.name} is no picture.`;
  return file.size === 0 ? `${file.name} is empty.` : "";
}

/** That a file is too large and this browser can't make it smaller, and what to do. */
function largeText(file: File, most: number): [string, string] {
  const [size, limit] = [file.size, most].map((bytes) => (bytes / 1e6).toFixed(1));
  return [`${file.name} has ${size} MB; at most ${limit} MB are taken.`, "Save it smaller, or as JPEG."];
}

function textOf(error: unknown, again: string): string {
  const { code, message, text } = refusalOf(error);
  if (code === "closed") return "";
  return code === "timeout" ? `${message} ${again}`.trim() : text;
}
