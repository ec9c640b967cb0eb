using System.CommandLine;

namespace Audit.Node.CommandLine.Tokens;

/// <summary>`audit token revoke NAME`.</summary>
internal static class TokenRevokeCommand
{
    public static Command Make(Surroundings surroundings)
    {
        var command = new Command("revoke", "Revokes a token.");
        var name = new Argument<string>("name") { HelpName = "NAME", Description = "the name it was made with" };
        command.Arguments.Add(name);
        var desk = new TokenDeskSymbols(surroundings, command);
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var opened = await desk.OpenAsync(parsed, makesStore: false, cancellation);
            await opened.RevokeAsync(parsed.GetRequiredValue(name), cancellation);
            surroundings.Error.WriteLine($"The token {PrintableText.Of(parsed.GetRequiredValue(name))} is revoked.");
            return ExitCode.Fine;
        });
        return command;
    }
}
