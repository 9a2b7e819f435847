// Makes a photo small enough for a message to the kernel, here in the page.

/** Pixels on the longer side; no clip shows more than the first. */
const SIDES = [3840, 2560, 1920];
const QUALITY = 0.95;

/** A file's picture as a JPEG of at most so many bytes, upright and in sRGB; undefined where this browser can't read it. */
export async function smaller(file: Blob, most: number): Promise<Blob | undefined> {
  // As its camera says that it is to be turned: the JPEG says nothing of that any more.
  const image = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => undefined);
  if (image === undefined) return undefined;
  try {
    for (const side of SIDES) {
      const made = await drawn(image, Math.min(1, side / Math.max(image.width, image.height)));
      if (made !== undefined && made.size <= most) return made;
    }
    return undefined;
  } finally {
    image.close();
  }
}

async function drawn(image: ImageBitmap, scale: number): Promise<Blob | undefined> {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.width * scale));
  canvas.height = Math.max(1, Math.round(image.height * scale));
  const context = canvas.getContext("2d", { alpha: false });
  if (context === null) return undefined;
  // What is transparent is white, as Python has it.
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  const made = await new Promise<Blob | null>((take) => canvas.toBlob(take, "image/jpeg", QUALITY));
  return made ?? undefined;
}
