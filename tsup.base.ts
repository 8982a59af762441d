import { defineConfig } from 'tsup'

/**
 * How every package is built: ESM and CommonJS with declarations, for the oldest Node.js that is
 * supported.
 */
export const packageBuild = (...entry: readonly string[]) =>
  defineConfig({
    entry: [...entry],
    format: ['esm', 'cjs'],
    dts: true,
    sourcemap: true,
    clean: true,
    target: 'node22',
    platform: 'node',
    splitting: true,
    shims: true,
  })
