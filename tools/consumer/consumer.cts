import core = require('@headwater/core')
import brokers = require('@headwater/brokers')
import rabbitmq = require('@headwater/brokers/rabbitmq')
import cli = require('@headwater/cli')
import repositories = require('@headwater/repositories')
import search = require('@headwater/search')
import testing = require('@headwater/testing')

const entries: readonly unknown[] = [
  core.connect,
  core.transaction,
  brokers.inbox.once,
  rabbitmq.rabbitmqSink,
  cli.defineConfig,
  repositories.createRepositories,
  search.createCourseSearch,
  testing.startTestStack,
]

async function open(options: core.ConnectOptions): Promise<core.Stores> {
  return core.orThrow(await core.connect(options))
}

if ([...entries, open].some((entry) => typeof entry !== 'function'))
  throw new Error('an export is missing')
