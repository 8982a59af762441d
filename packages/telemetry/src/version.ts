import manifest from '../package.json' with { type: 'json' }

/** The name of this package: that of its tracer and meter. */
export const packageName: string = manifest.name

/** The version of this package, which all packages share. */
export const version: string = manifest.version
