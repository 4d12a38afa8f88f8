//! One program instead of many tool calls: which customers are owed a refund?
//!
//! `cargo run -p codemode --example orders`, with the `codemode` command on `PATH` or named in `CODEMODE_EXECUTABLE`.

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use codemode::{Codemode, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Finds an order by its number.
#[derive(Deserialize, JsonSchema)]
struct OrderQuery {
    /// From 1 to 5.
    number: u32,
}

#[derive(Serialize, JsonSchema)]
struct Order {
    customer: String,
    paid: u32,
    due: u32,
}

async fn order(query: OrderQuery) -> Result<Order, ToolError> {
    // A database would be asked here, with the application's credentials.
    let order = |customer: &str, paid, due| Ok(Order { customer: customer.to_owned(), paid, due });
    match query.number {
        1 => order("Ada", 120, 100),
        2 => order("Grace", 80, 80),
        3 => order("Ada", 40, 30),
        4 => order("Edsger", 75, 50),
        number => Err(ToolError::new("OrderNotFound", format!("there is no order {number}")).builtin("LookupError")),
    }
}

/// What a model would write.
const PROGRAM: &str = r"
refunds = {}
for number in range(1, 6):
    try:
        order = tools.order(number)
    except LookupError as error:
        print('skipped:', error)
        continue
    owed = order['paid'] - order['due']
    if owed > 0:
        refunds[order['customer']] = refunds.get(order['customer'], 0) + owed
result = refunds
";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let codemode = Codemode::local().await?;
    codemode.register_tool("order", order)?;
    let result = codemode.execute(PROGRAM).await?;
    println!("{} after {} tool calls", result.result.unwrap_or_default(), result.tool_calls.len());
    println!("{}", result.stdout.trim_end());
    codemode.close().await;
    Ok(())
}
