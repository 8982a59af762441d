export { rabbitmqSink, rabbitmqSinkDefaults } from './rabbitmq-sink.ts'
export type { RabbitmqConnection, RabbitmqSinkOptions } from './rabbitmq-sink.ts'
export { consumeRabbitmq } from './consume-rabbitmq.ts'
export type { ConsumeRabbitmqOptions } from './consume-rabbitmq.ts'
