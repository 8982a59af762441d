import { packageBuild } from '../../tsup.base.ts'

export default packageBuild('src/index.ts', 'src/contracts/index.ts')
