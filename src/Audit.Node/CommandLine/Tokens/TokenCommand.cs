using System.CommandLine;

namespace Audit.Node.CommandLine.Tokens;

/// <summary>`audit token`.</summary>
internal static class TokenCommand
{
    public static Command Make(Surroundings surroundings) => new("token", "Makes, lists and revokes tokens.")
    {
        TokenCreateCommand.Make(surroundings),
        TokenListCommand.Make(surroundings),
        TokenRevokeCommand.Make(surroundings),
    };
}
