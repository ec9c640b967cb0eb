namespace Audit.Projections.Sessions;

public readonly record struct HostGap(string Host, long From, long To);
