// Builds the modules of src/ into veo_nb/static, and beside them what they carry of others: THIRD_PARTY_LICENSES.txt and
// bundle.cdx.json, an SBOM (CycloneDX). Both list the packages that esbuild says it took files from.
//
//   node build.mjs            once
//   node build.mjs --watch    again at each change, without the lists
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, context } from "esbuild";

const STATIC = "../veo_nb/static";
const OURS = JSON.parse(readFileSync("package.json", "utf8"));

const options = {
  entryPoints: ["widget", "loader", "panel", "compare", "page"].map((name) => `src/${name}.ts`),
  outdir: STATIC,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  metafile: true,
  logLevel: "info",
  banner: { js: "/*! veo_nb, Apache-2.0. Contains Preact, MIT, (c) Jason Miller. */" },
};

/** The packages that a build took files from, by name: each with its folder in node_modules. */
function findPackages(inputs) {
  const folders = new Set();
  for (const input of Object.keys(inputs)) {
    const folder = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
    if (folder !== undefined) folders.add(folder);
  }
  return [...folders].map(readPackage).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What a package says of itself. A build fails where that is no licence, or one without its text. */
function readPackage(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const texts = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), "utf8").trim());
  if (typeof license !== "string" || texts.length === 0) {
    throw new Error(`${name} ${version} is bundled, and has no licence or not its text`);
  }
  return { name, version, license, text: texts.join("\n\n") };
}

function listLicences(packages) {
  const parts = packages.map(
    ({ name, version, license, text }) => `${name} ${version} (${license})\n\n${text}\n`,
  );
  return ["veo_nb's front end carries these packages of others.\n", ...parts].join(`\n${"-".repeat(78)}\n\n`);
}

/** CycloneDX 1.6, without a date and a number of its own: the same sources give the same file. */
function listComponents(packages) {
  const components = packages.map(({ name, version, license, text }) => ({
    type: "library",
    "bom-ref": purl(name, version),
    name,
    version,
    purl: purl(name, version),
    // One licence has an id; several are an expression.
    licenses: / /.test(license)
      ? [{ expression: license }]
      : [{ license: { id: license, text: { content: text } } }],
  }));
  const own = `pkg:pypi/veo-nb@${OURS.version}`;
  const bom = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: { type: "library", "bom-ref": own, name: "veo-nb", version: OURS.version, purl: own },
    },
    components,
    dependencies: [
      { ref: own, dependsOn: components.map((component) => component.purl) },
      ...components.map((component) => ({ ref: component.purl })),
    ],
  };
  return `${JSON.stringify(bom, null, 2)}\n`;
}

function purl(name, version) {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

if (process.argv.includes("--watch")) {
  await (await context(options)).watch();
} else {
  // What is wrong it has said itself.
  const { metafile } = await build(options).catch(() => process.exit(1));
  const packages = findPackages(metafile.inputs);
  writeFileSync(join(STATIC, "THIRD_PARTY_LICENSES.txt"), listLicences(packages));
  writeFileSync(join(STATIC, "bundle.cdx.json"), listComponents(packages));
}
