// The bundle of the panel.

import { definition } from "./core/definition";
import { showPanel } from "./panel/mount";

export default definition({ panel: () => ({ show: showPanel }) });
