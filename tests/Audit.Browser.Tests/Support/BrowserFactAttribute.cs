namespace Audit.Browser.Tests.Support;

/// <summary>A fact that needs a browser, skipped with the reason where there is none.</summary>
public sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute() => Skip = Chromium.Unavailable;
}

/// <summary>The same of several cases.</summary>
public sealed class BrowserTheoryAttribute : TheoryAttribute
{
    public BrowserTheoryAttribute() => Skip = Chromium.Unavailable;
}
