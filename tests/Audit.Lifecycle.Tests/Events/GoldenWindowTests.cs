using Audit.Lifecycle.Tests.Support;

namespace Audit.Lifecycle.Tests.Events;

public sealed class GoldenWindowTests
{
    private static readonly WindowTerms Terms = new("migrate-orders", "copilot", ["sql.*", "read_*"], "the migration")
    {
        OpensAt = Say.At(60),
        Duration = TimeSpan.FromMinutes(90),
    };

    private static WindowSpan Span => new(new SessionName("ci", "s-1"), Say.At(60), Say.At(5460), 42);

    public static TheoryData<string> Names() => [.. Cases.Keys];

    private static readonly Dictionary<string, WindowEvent> Cases = new()
    {
        ["window.requested.v2"] = new WindowEvent.Requested(
            new WindowMessage.Request(From("Request") with { OnBehalfOf = "ada", MessageId = "m-1" }, Terms), WindowState.None, Terms),
        ["window.requested.v2+alias"] = new WindowEvent.Requested(
            new WindowMessage.Request(From("Request") with { Source = "ci", Person = "ada" }, Terms with { Alias = "nightly" }),
            WindowState.None, Terms with { Alias = "nightly" }),
        ["window.approved.v2+minted"] = new WindowEvent.Approved(
            new WindowMessage.Approve(From("Approve") with { MintedByParty = true }), WindowState.Requested, Say.At(60), Say.At(5460)),
        ["window.approved.v2"] = new WindowEvent.Approved(
            new WindowMessage.Approve(From("Approve")), WindowState.Requested, Say.At(60), Say.At(5460)),
        ["window.approved.v2+grant"] = new WindowEvent.Approved(
            new WindowMessage.Grant(From("Grant"), Terms with { OpensAt = null, Duration = null, ClosesAt = Say.At(5460) }),
            WindowState.Requested, Say.At(10), Say.At(5460)),
        ["window.denied.v2"] = new WindowEvent.Denied(
            new WindowMessage.Deny(From("Deny") with { Reason = "not tonight" }), WindowState.Requested),
        ["window.extended.v2"] = new WindowEvent.Extended(
            new WindowMessage.Extend(From("Extend"), Say.At(9000).Next()), WindowState.Approved, Say.At(9000).Next()),
        ["window.revoked.v2"] = new WindowEvent.Revoked(
            new WindowMessage.Revoke(From("Revoke") with { Reason = "an incident" }), WindowState.Approved),
        ["window.closed.v2"] = new WindowEvent.Closed(new WindowMessage.Close(From("Close")), WindowState.Approved),
        ["window.accepted.v2"] = new WindowEvent.Accepted(
            new WindowMessage.Accept(From("Accept") with { Reason = "the host was cut off" }, Span), WindowState.Closed, Span),
        ["window.violated.v2"] = new WindowEvent.Violated(
            new WindowMessage.Extend(From("Extend"), Say.At(9000)), WindowState.Denied, "a window that is denied takes no extend"),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void an_event_is_written_as_its_golden_file(string name)
    {
        using var writer = Golden.Writer();

        Golden.Matches(name, writer.Write("w-7", Cases[name], """{"by": "ada"}"""u8));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void a_golden_file_is_read_as_its_event(string name)
    {
        var (expected, actual) = (Cases[name], EventReader.ReadWindow(Golden.Row(name)));

        // Lists have no equality of their own.
        Assert.Equal(ScopeOf(expected), ScopeOf(actual));
        Assert.Equal(WithoutScope(expected), WithoutScope(actual));
    }

    private static IReadOnlyList<string>? ScopeOf(WindowEvent happened) => (happened.Message as WindowMessage.Asking)?.Terms.Scope;

    private static WindowEvent WithoutScope(WindowEvent happened)
    {
        var bare = happened.Message is WindowMessage.Asking asking
            ? happened with { Message = asking with { Terms = asking.Terms with { Scope = [] } } }
            : happened;
        return bare is WindowEvent.Requested requested ? requested with { Terms = requested.Terms with { Scope = [] } } : bare;
    }

    private static WindowDelivery From(string verb) => new()
    {
        Actor = "grace",
        ReceivedAt = Say.At(10),
        Dedup = Say.Print(verb),
    };
}
