import { packageBuild } from '../../tsup.base.ts'

// The program is run by Node.js alone, and loads each command when it is called.
const program = {
  ...packageBuild('src/main.ts'),
  format: ['esm' as const],
  dts: false,
  clean: false,
  splitting: true,
}

export default [packageBuild('src/index.ts'), program]
