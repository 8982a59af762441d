import { packageBuild } from '../../tsup.base.ts'

export default packageBuild(
  'src/index.ts',
  'src/nats/index.ts',
  'src/rabbitmq/index.ts',
  'src/kafka/index.ts',
)
