namespace Audit.Lifecycle.Windows;

public static class WindowLimits
{
    public const int Events = 1000;
    public const int Violations = 200;
    public const int ScopeGlobs = 100;
    public static readonly TimeSpan DefaultMaxLength = TimeSpan.FromHours(48);
}
