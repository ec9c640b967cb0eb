namespace Audit.Pages.Access;

/// <summary>Where a form leads back to: a path of this node and nothing else.</summary>
internal static class ReturnPath
{
    public const string Home = "/overview";
    private const int Longest = 2000;

    public static string Of(string? wanted) => IsLocal(wanted) ? wanted! : Home;

    // Browsers take a backslash for a slash, and two slashes for the name of another host.
    private static bool IsLocal(string? path) =>
        path is { Length: > 0 and <= Longest } && path[0] == '/' && (path.Length == 1 || path[1] is not ('/' or '\\'))
        && !path.Any(unit => unit is < ' ' or > '~' or '\\');
}
