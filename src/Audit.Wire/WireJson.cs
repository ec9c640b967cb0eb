using System.Text.Encodings.Web;

namespace Audit.Wire;

/// <summary>
/// How the wire's records are written and read: names in snake case, what is not known null or left out, as its record
/// says.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true, MaxDepth = ClientJson.MaxDepth,
    GenerationMode = JsonSourceGenerationMode.Default)]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(ItemPage<JsonElement>))]
[JsonSerializable(typeof(ProblemDocument))]
[JsonSerializable(typeof(KeptAnswer))]
[JsonSerializable(typeof(RetentionAnswer))]
[JsonSerializable(typeof(DisposalAnswer))]
[JsonSerializable(typeof(ItemPage<DisposalAnswer>))]
[JsonSerializable(typeof(KeepingAnswer))]
[JsonSerializable(typeof(ItemPage<KeepingAnswer>))]
[JsonSerializable(typeof(CaseAnswer))]
[JsonSerializable(typeof(ItemPage<CaseAnswer>))]
[JsonSerializable(typeof(ViewAnswer))]
[JsonSerializable(typeof(ItemPage<ViewAnswer>))]
[JsonSerializable(typeof(StoredRowAnswer))]
[JsonSerializable(typeof(CertificateAnswer))]
[JsonSerializable(typeof(CallAnswer))]
[JsonSerializable(typeof(CallDetailAnswer))]
[JsonSerializable(typeof(CallPageAnswer))]
[JsonSerializable(typeof(ItemPage<CallAnswer>))]
[JsonSerializable(typeof(DecisionAnswer))]
[JsonSerializable(typeof(PolicyAnswer))]
[JsonSerializable(typeof(DifferenceAnswer))]
[JsonSerializable(typeof(ApprovalAnswer))]
[JsonSerializable(typeof(ItemPage<ApprovalAnswer>))]
[JsonSerializable(typeof(StopAnswer))]
[JsonSerializable(typeof(ItemPage<StopAnswer>))]
[JsonSerializable(typeof(SessionAnswer))]
[JsonSerializable(typeof(ItemPage<SessionAnswer>))]
[JsonSerializable(typeof(ItemPage<ViolationAnswer>))]
[JsonSerializable(typeof(TaskDetailAnswer))]
[JsonSerializable(typeof(ItemPage<TaskAnswer>))]
[JsonSerializable(typeof(ItemPage<WindowAnswer>))]
[JsonSerializable(typeof(WindowDetailAnswer))]
[JsonSerializable(typeof(SearchPageAnswer))]
[JsonSerializable(typeof(ItemPage<SearchKeyAnswer>))]
[JsonSerializable(typeof(ItemPage<string>))]
[JsonSerializable(typeof(ItemPage<TokenAnswer>))]
[JsonSerializable(typeof(NewTokenAnswer))]
[JsonSerializable(typeof(SourceAnswer))]
[JsonSerializable(typeof(ItemPage<SourceAnswer>))]
[JsonSerializable(typeof(SourceLinkAnswer))]
[JsonSerializable(typeof(LogAnswer))]
[JsonSerializable(typeof(SealingHealth))]
[JsonSerializable(typeof(SkippedAnswer))]
[JsonSerializable(typeof(RebuildLine))]
[JsonSerializable(typeof(HealthAnswer))]
[JsonSerializable(typeof(StatsAnswer))]
[JsonSerializable(typeof(AlertsAnswer))]
[JsonSerializable(typeof(AlertTestAnswer))]
[JsonSerializable(typeof(AlertsAgainAnswer))]
[JsonSerializable(typeof(EventAnswer))]
[JsonSerializable(typeof(EventPageAnswer))]
[JsonSerializable(typeof(ReceiptAnswer))]
[JsonSerializable(typeof(ReceiptLine))]
[JsonSerializable(typeof(FormatAnswer))]
[JsonSerializable(typeof(OtlpAnswer))]
internal sealed partial class WireJson : JsonSerializerContext
{
    private static WireJson? plain;

    /// <summary>
    /// The same without the escapes that only a page of HTML has a use for: what an endpoint answers with.
    /// </summary>
    public static WireJson Plain => plain ??= new(new JsonSerializerOptions(Default.Options)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
