// All that is in the library: search, filters, and as many stills as the screen holds.

import type { LibraryFacts, View } from "../protocol";

export interface GalleryProps {
  library: LibraryFacts;
  view: View;
}

export function Gallery({ library }: GalleryProps) {
  return (
    <section class="veo-gallery" aria-label="Gallery">
      {library.total}
    </section>
  );
}
