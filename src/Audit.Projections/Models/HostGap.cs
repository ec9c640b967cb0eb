namespace Audit.Projections.Models;

public readonly record struct HostGap(string Host, long From, long To);
