namespace Audit.Projections;

public readonly record struct HostGap(string Host, long From, long To);
