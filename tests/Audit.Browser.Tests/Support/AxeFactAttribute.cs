namespace Audit.Browser.Tests.Support;

/// <summary>A fact that needs axe-core beside a browser, skipped with the reason where it is not given.</summary>
public sealed class AxeFactAttribute : FactAttribute
{
    private const string Variable = "AUDIT_TEST_AXE";

    public AxeFactAttribute() => Skip = Chromium.Unavailable
        ?? (File is null ? $"There is no axe-core: {Variable} names no axe.min.js. Where npm answers, .ci/run fetches it." : null);

    public static string? File { get; } =
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path && System.IO.File.Exists(path) ? path : null;
}
