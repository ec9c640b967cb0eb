using Audit.Lifecycle.Tests.Support;

namespace Audit.Lifecycle.Tests.Events;

public sealed class GoldenWindowTests
{
    private static readonly WindowTerms Terms = new("migrate-orders", "copilot", ["sql.*", "read_*"], "the migration")
    {
        OpensAt = Say.At(60),
        Duration = TimeSpan.FromMinutes(90),
    };

    public static TheoryData<string> Names() => [.. Cases.Keys];

    private static readonly Dictionary<string, WindowEvent> Cases = new()
    {
        ["window.requested.v1"] = new(
            WindowEventKind.Requested,
            Message(WindowVerb.Request) with { Terms = Terms, OnBehalfOf = "ada", MessageId = "m-1" },
            WindowState.None, WindowState.Requested),
        ["window.approved.v1"] = new(
            WindowEventKind.Approved, Message(WindowVerb.Approve), WindowState.Requested, WindowState.Approved)
        {
            OpensAt = Say.At(60),
            ClosesAt = Say.At(5460),
        },
        ["window.approved.v1+grant"] = new(
            WindowEventKind.Approved,
            Message(WindowVerb.Grant) with { Terms = Terms with { OpensAt = null, Duration = null, ClosesAt = Say.At(5460) } },
            WindowState.Requested, WindowState.Approved)
        {
            OpensAt = Say.At(10),
            ClosesAt = Say.At(5460),
            SelfGranted = true,
        },
        ["window.denied.v1"] = new(
            WindowEventKind.Denied, Message(WindowVerb.Deny) with { Reason = "not tonight" },
            WindowState.Requested, WindowState.Denied),
        ["window.extended.v1"] = new(
            WindowEventKind.Extended, Message(WindowVerb.Extend) with { ClosesAt = Say.At(9000).Next() },
            WindowState.Approved, WindowState.Approved)
        {
            ClosesAt = Say.At(9000).Next(),
        },
        ["window.revoked.v1"] = new(
            WindowEventKind.Revoked, Message(WindowVerb.Revoke) with { Reason = "an incident" },
            WindowState.Approved, WindowState.Revoked),
        ["window.closed.v1"] = new(
            WindowEventKind.Closed, Message(WindowVerb.Close), WindowState.Approved, WindowState.Closed),
        ["window.violated.v1"] = new(
            WindowEventKind.Violated, Message(WindowVerb.Extend) with { ClosesAt = Say.At(9000) },
            WindowState.Denied, WindowState.Denied)
        {
            Violation = "a window that is denied takes no extend",
        },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void an_event_is_written_as_its_golden_file(string name)
    {
        using var writer = new EventWriter();

        Golden.Matches(name, writer.Write("w-7", Cases[name], """{"by": "ada"}"""u8));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void a_golden_file_is_read_as_its_event(string name)
    {
        var (expected, actual) = (Cases[name], EventReader.ReadWindow(Golden.Row(name)));

        // Lists have no equality of their own.
        Assert.Equal(expected.Message.Terms?.Scope, actual.Message.Terms?.Scope);
        Assert.Equal(WithoutScope(expected), WithoutScope(actual));
    }

    private static WindowEvent WithoutScope(WindowEvent happened) => happened.Message.Terms is not { } terms
        ? happened
        : happened with { Message = happened.Message with { Terms = terms with { Scope = [] } } };

    private static WindowMessage Message(WindowVerb verb) => new()
    {
        Verb = verb,
        Actor = "grace",
        ReceivedAt = Say.At(10),
        Dedup = Say.Print($"{verb}"),
    };
}
