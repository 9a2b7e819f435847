// Which addresses a page may load from what the kernel says: pictures as data, videos on the web.

export function imageSource(source: string): string {
  return source.startsWith("data:image/") ? source : "";
}

/** A still that came with an answer, as an address that carries it; empty where there is none. */
export function stillSource({ kind, buffers }: { kind?: unknown; buffers?: DataView[] }): string {
  const data = buffers?.[0];
  if (data === undefined || kind !== "image/webp") return "";
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return `data:${kind};base64,${btoa(text)}`;
}

/** The URL if it is one of a video on the web, or beside a page from disk; a relative one is taken as it is. */
export function videoSource(source: string): string {
  try {
    const { protocol } = new URL(source, document.baseURI);
    const own = location.protocol === "file:" ? ["file:"] : [];
    return source !== "" && ["http:", "https:", "blob:", ...own].includes(protocol) ? source : "";
  } catch {
    return "";
  }
}

/** Lets go of a video: else the browser keeps the connection and the decoder until it collects its garbage. */
export function releaseVideo(video: HTMLVideoElement): void {
  video.removeAttribute("src");
  video.load();
}
