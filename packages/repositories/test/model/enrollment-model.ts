import { courseCount, maxLength } from './operations.ts'
import type { Operation } from './operations.ts'

interface Seat {
  progress: number
  isCompleted: boolean
  /** The price paid, in minor units. */
  paid: number
}

interface Place {
  readonly user: number
  isOffered: boolean
}

/** A course, its students and its waiting list, in memory. */
export class ModelCourse {
  isPublished = true
  maxStudents: number | null = 2
  price = 4_900
  revenue = 0
  readonly seats = new Map<number, Seat>()
  places: Place[] = []

  get offers(): number {
    return this.places.filter((place) => place.isOffered).length
  }

  enroll(user: number, discount = 0): string {
    if (this.seats.has(user)) return 'already-enrolled'
    if (!this.isPublished) return 'course-not-published'
    if (discount > this.price) return 'invalid-input'
    const place = this.#placeOf(user)
    if (place?.isOffered !== true && !this.#isFree) return 'course-full'
    this.places = this.places.filter((other) => other !== place)
    const paid = this.price - discount
    this.seats.set(user, { progress: 0, isCompleted: false, paid })
    this.revenue += paid
    return 'ok'
  }

  withdraw(user: number, refund?: number): string {
    const seat = this.seats.get(user)
    if (seat === undefined) return 'not-enrolled'
    if (refund !== undefined && refund > seat.paid) return 'invalid-input'
    this.seats.delete(user)
    this.revenue -= refund ?? seat.paid
    return this.#passOn()
  }

  transfer(from: number, to: number): string {
    const seat = this.seats.get(from)
    if (from === to) return 'invalid-input'
    if (seat === undefined) return 'not-enrolled'
    if (this.seats.has(to)) return 'already-enrolled'
    this.seats.delete(from)
    this.seats.set(to, { progress: 0, isCompleted: false, paid: seat.paid })
    this.places = this.places.filter((place) => place.user !== to)
    return this.#passOn()
  }

  recordProgress(user: number, progress: number): string {
    const seat = this.seats.get(user)
    if (seat === undefined) return 'not-enrolled'
    seat.progress = progress
    seat.isCompleted ||= progress === 100
    return 'ok'
  }

  join(user: number): string {
    if (this.seats.has(user)) return 'already-enrolled'
    if (!this.isPublished) return 'course-not-published'
    if (this.#placeOf(user) !== undefined) return 'already-waiting'
    if (this.#isFree) return 'seats-available'
    if (this.places.length >= maxLength) return 'waitlist-full'
    this.places.push({ user, isOffered: false })
    return 'ok'
  }

  leave(user: number): string {
    const place = this.#placeOf(user)
    if (place === undefined) return 'not-waiting'
    this.places = this.places.filter((other) => other !== place)
    return this.#passOn()
  }

  lapse(): string {
    this.places = this.places.filter((place) => !place.isOffered)
    return this.#passOn()
  }

  publish(isPublished: boolean): string {
    this.isPublished = isPublished
    if (!isPublished) for (const place of this.places) place.isOffered = false
    return this.#passOn()
  }

  resize(maxStudents: number | null): string {
    if (maxStudents !== null && maxStudents < this.seats.size + this.offers) return 'invalid-input'
    this.maxStudents = maxStudents
    return this.#passOn()
  }

  /** Whether a seat is free for anyone: no one waits, and not all seats are taken or on offer. */
  get #isFree(): boolean {
    return this.places.every((place) => place.isOffered) && this.#freeSeats > 0
  }

  get #freeSeats(): number {
    return (this.maxStudents ?? Infinity) - this.seats.size - this.offers
  }

  #placeOf(user: number): Place | undefined {
    return this.places.find((place) => place.user === user)
  }

  #passOn(): 'ok' {
    for (const place of this.places)
      if (this.isPublished && !place.isOffered && this.#freeSeats > 0) place.isOffered = true
    return 'ok'
  }
}

/** The promises of enrollments and waiting lists, in memory. */
export class EnrollmentModel {
  readonly courses = Array.from({ length: courseCount }, () => new ModelCourse())

  /** Carries out an operation; answers as `run` does. */
  apply(given: Operation): string {
    const course = this.courses[given.course] ?? new ModelCourse()
    switch (given.kind) {
      case 'enroll':
        return course.enroll(given.user, given.discount)
      // Asked for at once, and given in order.
      case 'rush':
        return given.users.map((user) => course.enroll(user)).join(' ')
      case 'withdraw':
        return course.withdraw(given.user, given.refund)
      case 'transfer':
        return course.transfer(given.user, given.to)
      case 'progress':
        return course.recordProgress(given.user, given.progress)
      case 'join':
        return course.join(given.user)
      case 'leave':
        return course.leave(given.user)
      case 'publish':
      case 'unpublish':
        return course.publish(given.kind === 'publish')
      case 'lapse':
        return course.lapse()
      case 'resize':
        return course.resize(given.maxStudents)
      case 'reprice':
        course.price = given.price
        return 'ok'
    }
  }
}
