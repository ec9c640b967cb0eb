using System.Text;
using System.Text.Json;

namespace Audit.Policy.Tests;

/// <summary>Policies and requests as tests write them.</summary>
internal static class Asked
{
    public static DecisionPolicy Policy(string json) => PolicyFile.Parse(Encoding.UTF8.GetBytes(json));

    public static PolicyRequest For(
        string tool = "bash", string? kind = null, string? input = null, string source = "host") =>
        new(tool, source) { Kind = kind, Input = input is null ? null : Json(input) };

    public static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;

    public static string Decides(this DecisionPolicy policy, PolicyRequest request) =>
        PolicyWords.Of(policy.Decide(request).Then);
}
