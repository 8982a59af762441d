CREATE TABLE @schema.products (
  id    integer PRIMARY KEY,
  title text    NOT NULL,
  stock integer NOT NULL CHECK (stock >= 0)
);

CREATE TABLE @schema.orders (
  id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  product_id integer NOT NULL REFERENCES @schema.products,
  quantity   integer NOT NULL CHECK (quantity > 0)
);
