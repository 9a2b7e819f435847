// The bundle of the comparison. The panel fetches it the first time that clips are compared in it, and shows it there.

import { openComparisons } from "./compare/mount";
import { share } from "./core/bundle";
import { definition } from "./core/definition";

export { showComparison } from "./compare/mount";
export default share(definition({ comparison: openComparisons }));
