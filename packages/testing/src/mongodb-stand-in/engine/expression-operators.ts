import { foldingOperators } from './accumulators.ts'
import { arithmeticOperators } from './arithmetic-operators.ts'
import { arrayOperators } from './array-operators.ts'
import { dateOperators } from './date-operators.ts'
import { logicOperators } from './logic-operators.ts'
import type { Expression } from './options.ts'
import { typeOperators } from './type-operators.ts'

/** Every operator that an aggregation expression may use. Anything else is refused. */
export const expressionOperators: Record<string, Expression> = {
  ...arithmeticOperators,
  ...arrayOperators,
  ...dateOperators,
  ...foldingOperators,
  ...logicOperators,
  ...typeOperators,
}
