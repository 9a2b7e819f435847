// Takes what is dragged over an element: files, and clips of the gallery.

import { useState } from "preact/hooks";
import { CLIP_TYPE } from "../../gallery/tile";

export interface Takes {
  files: (files: File[]) => void;
  clip: (clip: string) => void;
}

interface DropHandlers {
  onDragOver: (event: DragEvent) => void;
  onDragLeave: (event: DragEvent) => void;
  onDrop: (event: DragEvent) => void;
}

/** Whether something is being held over it, and the handlers for the element. */
export function useDrop(takes: Takes): [boolean, DropHandlers] {
  const [over, setOver] = useState(false);
  return [
    over,
    {
      onDragOver: (event) => {
        const types = event.dataTransfer?.types ?? [];
        if (event.dataTransfer === null || !(types.includes("Files") || types.includes(CLIP_TYPE))) return;
        // Without this the browser would leave the notebook to show the file.
        event.preventDefault();
        event.stopPropagation();
        event.dataTransfer.dropEffect = "copy";
        setOver(true);
      },
      onDragLeave: (event) => {
        const element = event.currentTarget as Element;
        if (!element.contains(event.relatedTarget as Node | null)) setOver(false);
      },
      onDrop: (event) => {
        setOver(false);
        const clip = event.dataTransfer?.getData(CLIP_TYPE) ?? "";
        const files = [...(event.dataTransfer?.files ?? [])];
        if (clip === "" && files.length === 0) return;
        event.preventDefault();
        event.stopPropagation();
        if (clip !== "") takes.clip(clip);
        else takes.files(files);
      },
    },
  ];
}
