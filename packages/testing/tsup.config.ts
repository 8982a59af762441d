import { packageBuild } from '../../tsup.base.ts'

// `shims`: the CommonJS build looks for the binaries of PostgreSQL beside itself.
export default { ...packageBuild('src/index.ts', 'src/contracts/index.ts'), shims: true }
