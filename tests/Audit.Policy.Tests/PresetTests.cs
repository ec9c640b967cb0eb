namespace Audit.Policy.Tests;

/// <summary>Every cell of the presets, against permission requests of every kind that hosts send.</summary>
public sealed class PresetTests
{
    private const string Approve = "approve-once", Reject = "reject", Ask = "ask";

    /// <summary>A row for each kind, the last for a request without one; a column for each preset.</summary>
    private static readonly (string? Kind, string DenyAll, string ApproveSafety, string ApproveAll, string Ask)[] Table =
    [
        ("shell",                       Reject, Reject,  Approve, Ask),
        ("write",                       Reject, Reject,  Approve, Ask),
        ("mcp",                         Reject, Approve, Approve, Ask),
        ("read",                        Reject, Approve, Approve, Ask),
        ("url",                         Reject, Approve, Approve, Ask),
        ("custom-tool",                 Reject, Approve, Approve, Ask),
        ("memory",                      Reject, Approve, Approve, Ask),
        ("hook",                        Reject, Approve, Approve, Ask),
        ("extension-management",        Reject, Reject,  Approve, Ask),
        ("factory",                     Reject, Reject,  Approve, Ask),
        ("extension-permission-access", Reject, Reject,  Approve, Ask),
        ("extension-env-access",        Reject, Reject,  Approve, Ask),
        (null,                          Reject, Reject,  Approve, Ask),
    ];

    public static TheoryData<string, string?, string> Cells
    {
        get
        {
            var cells = new TheoryData<string, string?, string>();
            foreach (var row in Table)
            {
                cells.Add("deny-all", row.Kind, row.DenyAll);
                cells.Add("approve-safety", row.Kind, row.ApproveSafety);
                cells.Add("approve-all", row.Kind, row.ApproveAll);
                cells.Add("ask", row.Kind, row.Ask);
            }

            return cells;
        }
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void a_preset_decides_by_the_kind_that_is_trusted(string preset, string? kind, string expected) =>
        Assert.Equal(expected, Asked.Policy($$"""{"preset":"{{preset}}","trust":"claimed"}""")
            .Decides(Asked.For(kind: kind)));

    [Theory]
    [MemberData(nameof(Cells))]
    public void a_preset_decides_by_the_kind_of_the_table_of_tools(string preset, string? kind, string expected) =>
        Assert.Equal(expected, Asked.Policy(
            $$$"""{"preset":"{{{preset}}}","tools":{"bash":"{{{kind ?? PolicyWords.UnknownKind}}}"}}""")
            .Decides(Asked.For()));

    [Theory]
    [MemberData(nameof(Cells))]
    public void a_kind_that_a_host_only_claims_makes_nothing_laxer(string preset, string? kind, string expected)
    {
        var without = Asked.Policy($$"""{"preset":"{{preset}}"}""");

        Assert.Equal(without.Decides(Asked.For()), without.Decides(Asked.For(kind: kind)));
        var harmless = Asked.Policy($$$"""{"preset":"{{{preset}}}","tools":{"bash":"read"}}""");
        Assert.Equal(expected, harmless.Decides(Asked.For(kind: kind ?? PolicyWords.UnknownKind)));
        var harmful = Asked.Policy($$$"""{"preset":"{{{preset}}}","tools":{"bash":"shell"}}""");
        Assert.Equal(harmful.Decides(Asked.For()), harmful.Decides(Asked.For(kind: kind)));
    }

    [Fact]
    public void the_kinds_of_the_table_are_those_that_hosts_send() =>
        Assert.Empty(PolicyWords.Kinds.Except(Table.Select(row => row.Kind)));

    [Fact]
    public void a_file_without_a_preset_denies_all() =>
        Assert.Equal(Reject, Asked.Policy("{}").Decides(Asked.For(kind: "read")));

    [Theory]
    [InlineData("approve-once")]
    [InlineData("ask")]
    [InlineData("reject")]
    public void what_a_kind_that_nobody_knows_is_can_be_said(string unknown) =>
        Assert.Equal(unknown, Asked.Policy($$"""{"preset":"approve-safety","unknown":"{{unknown}}"}""")
            .Decides(Asked.For()));
}
