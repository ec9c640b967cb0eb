namespace Audit.Pages.Overview;

/// <param name="Totals">Null for a token that does not see all.</param>
public sealed record OverviewView(HourTotals? Totals, HourRange Range)
{
    public required Page<CallModel> Awaiting { get; init; }

    public required Page<WindowModel> Requested { get; init; }

    public required Page<CallModel> Forgotten { get; init; }

    public required Page<CallModel> Outside { get; init; }

    public required Page<CallModel> OutOfScope { get; init; }

    public required Page<ViolationModel> Violations { get; init; }

    public required NodeHealth Health { get; init; }
}
