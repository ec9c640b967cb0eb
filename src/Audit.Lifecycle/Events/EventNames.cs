using Audit.Lifecycle.Windows;

namespace Audit.Lifecycle.Events;

/// <summary>The names and manifests of the events. They are written for ever: golden files pin each of them.</summary>
public static class EventNames
{
    public const int Version = 2;
    public const string CallTransitioned = "call.transitioned";
    public const string CallViolated = "call.violated";
    public const string CallConfirmed = "call.confirmed";
    public const string CallRejudged = "call.rejudged";
    public const string CallRetimed = "call.retimed";
    public const string CallFlooded = "call.flooded";
    public const string CallReviewed = "call.reviewed";
    public const string CallOversized = "call.oversized";
    public const string SessionNoted = "session.noted";
    public const string OperatorActed = "operator.acted";

    private static readonly string[] Windows =
        [.. Enum.GetNames<WindowEventKind>().Select(name => "window." + name.ToLowerInvariant())];

    public static string WindowReviewed => Of(WindowEventKind.Reviewed);

    private static readonly Dictionary<string, string> Manifests =
        Windows.Concat([CallTransitioned, CallViolated, CallConfirmed, CallRejudged, CallRetimed, CallFlooded,
            CallReviewed, CallOversized, SessionNoted, OperatorActed])
            .ToDictionary(name => name, name => $"{name}.v{Version}");

    public static bool IsKnown(string name) => Manifests.ContainsKey(name);

    public static bool IsWindow(string name) => Array.IndexOf(Windows, name) >= 0;

    public static IReadOnlyCollection<string> AllManifests => Manifests.Values;

    public static string ManifestOf(string name) => Manifests[name];

    /// <summary>The member that holds the content, where the payload of an event is opened.</summary>
    public static string PayloadMember(string manifest) =>
        manifest.StartsWith(CallReviewed, StringComparison.Ordinal)
            || manifest.StartsWith(WindowReviewed, StringComparison.Ordinal) ? EventField.Review.Name
        : manifest.StartsWith("call.", StringComparison.Ordinal) ? EventField.Record.Name
        : manifest.StartsWith("window.", StringComparison.Ordinal) ? EventField.Body.Name
        : EventField.Detail.Name;

    public static string Of(WindowEventKind kind) => Windows[(int)kind];

    public static WindowEventKind WindowKind(string name) => (WindowEventKind)Array.IndexOf(Windows, name);
}
