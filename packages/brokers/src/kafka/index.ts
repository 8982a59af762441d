export { kafkaSink, kafkaSinkDefaults } from './kafka-sink.ts'
export type { KafkaProducer, KafkaSinkOptions } from './kafka-sink.ts'
export type { KafkaRecord } from './kafka-message.ts'
export { consumeKafka } from './consume-kafka.ts'
export type {
  ConsumeKafkaOptions,
  KafkaConsumer,
  KafkaDeadLetter,
  KafkaMessage,
  KafkaStream,
} from './consume-kafka.ts'
