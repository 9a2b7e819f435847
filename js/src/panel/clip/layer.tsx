// What lies over the panel: one clip with all that is known of it, two compared, several put together.

import type { Layer } from "../desk";
import type { LibraryFacts } from "../protocol";

export interface OpenLayerProps {
  layer: Layer;
  library: LibraryFacts;
}

export function OpenLayer({ layer }: OpenLayerProps) {
  return <p>{layer.kind}</p>;
}
