namespace Audit.Lifecycle.Calls;

/// <param name="Order">The history: for each place the index, by arrival, of the message that has it.</param>
/// <param name="Verdicts">What is said of each message, by arrival.</param>
/// <param name="Standing">Where the call stands after all of them.</param>
/// <param name="Violations">How many of the messages are violations as things stand.</param>
/// <param name="InOrder">The host's own order is that of arrival.</param>
public sealed record Judgement(int[] Order, Verdict[] Verdicts, Standing Standing, int Violations, bool InOrder)
{
    public bool IsLate(int index) => Order[^1] != index;
}
