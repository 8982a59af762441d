// The public surface as text, so that every change of it is seen, decided and announced.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { CompilerState, Extractor, ExtractorConfig } from '@microsoft/api-extractor'

const maxLinesShown = 20

/**
 * The reports of entries, by file name. An entry has a `name`, the `folder` of its package and its
 * declarations, `types`. They are written to the folder `output` as well.
 */
export function reportsOf(entries, output) {
  const configs = entries.map((entry) => configOf(entry, output))
  const additionalEntryPoints = entries.map(({ types }) => types)
  const compilerState = CompilerState.create(configs[0], { additionalEntryPoints })
  return new Map(
    configs.map((config) => {
      Extractor.invoke(config, { compilerState, localBuild: true, messageCallback: keepQuiet })
      return [path.basename(config.reportFilePath), readFileSync(config.reportFilePath, 'utf8')]
    }),
  )
}

/**
 * What is wrong with the reports that are checked in, as one sentence, or `undefined`. `current` is
 * the surface as built, `recorded` as checked in, `released` as last published; `changesets` are
 * those that wait for the next release.
 */
export function faultOf({ current, recorded, released, changesets }) {
  const outdated = differences(recorded, current)
  if (outdated !== '')
    return `The public surface is not what api/ says: if that is meant, run \`node tools/api.mjs --update\` after a build.\n${outdated}`
  const changed = differences(released, recorded)
  if (changed === '' || isAnnounced(changesets, released)) return undefined
  return `The public surface differs from the last release and no changeset says so: run \`pnpm exec changeset\`, or in the commit of a release \`node tools/api.mjs --released\`.\n${changed}`
}

/** Before the first release nobody can notice, and a changeset without a package is enough. */
function isAnnounced(changesets, released) {
  if (released.size === 0) return changesets.length > 0
  const releases = changesets.flatMap((changeset) => changeset.releases)
  return releases.some(({ name, type }) => name.startsWith('@headwater/') && type !== 'none')
}

/** Where the reports of two sides differ: the first lines that only one side has. */
function differences(before, after) {
  const names = [...new Set([...before.keys(), ...after.keys()])]
  const lines = names
    .filter((name) => before.get(name) !== after.get(name))
    .flatMap((name) => {
      const [old, current] = [before, after].map((side) => (side.get(name) ?? '').split('\n'))
      const gone = old.filter((line) => !current.includes(line)).map((line) => `  - ${line}`)
      const added = current.filter((line) => !old.includes(line)).map((line) => `  + ${line}`)
      return [`${name}:`, ...gone, ...added]
    })
  return lines.slice(0, maxLinesShown).join('\n')
}

function configOf({ name, folder, types }, output) {
  const options = { module: 'nodenext', target: 'es2023', types: ['node'], skipLibCheck: true }
  return ExtractorConfig.prepare({
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: types,
      newlineKind: 'lf',
      compiler: { overrideTsconfig: { compilerOptions: options, files: [types] } },
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: output,
        reportTempFolder: path.join(output, 'temp'),
        includeForgottenExports: true,
      },
      messages: {
        compilerMessageReporting: { default: { logLevel: 'none' } },
        extractorMessageReporting: { default: { logLevel: 'none' } },
        tsdocMessageReporting: { default: { logLevel: 'none' } },
      },
    },
    packageJsonFullPath: path.join(folder, 'package.json'),
  })
}

/** That a report is new or other than before is for the caller to judge. */
function keepQuiet(message) {
  message.handled = message.logLevel !== 'error'
}
