// The bundle of the panel.

import { share } from "./core/bundle";
import { definition } from "./core/definition";
import { showPanel } from "./panel/mount";

export default share(definition({ panel: () => ({ show: showPanel }) }));
